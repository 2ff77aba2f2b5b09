import type { Provider } from '../core/provider.ts'
import { readBodies, withBodies } from './bodies.ts'
import type { SenderSetup } from './sender/protocol.ts'
import type { SendingRoute } from './signed.ts'

/** Loads the provider that a route names, with a person's own bodies where they gave some. */
export async function sendingRoute({
  path,
  provider,
  secret,
  bodies,
}: SenderSetup['routes'][number]): Promise<SendingRoute> {
  const loaded: Provider = (await import(provider)).default
  const sending = bodies === undefined ? loaded : withBodies(loaded, readBodies(bodies, loaded.name))
  return { path, provider: sending, secret: loaded.secret(secret) }
}
