import type { Provider } from '../core/provider.ts'
import { readBodies, withBodies } from './bodies.ts'
import type { SenderSetup } from './sender/protocol.ts'
import type { SendingRoute } from './signed.ts'

export async function sendingRoute({
  path,
  provider,
  secret,
  bodies,
}: SenderSetup['routes'][number]): Promise<SendingRoute> {
  const sending = await sendingProvider(provider, bodies)
  return { path, provider: sending, secret: sending.secret(secret) }
}

/** The provider of a module, with a person's own bodies where they gave a file of some. */
export async function sendingProvider(module: string, bodies: string | undefined): Promise<Provider> {
  const loaded: Provider = (await import(module)).default
  return bodies === undefined ? loaded : withBodies(loaded, readBodies(bodies, loaded.name))
}
