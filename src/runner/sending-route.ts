import { fileURLToPath } from 'node:url'
import type { Provider } from '../core/provider.ts'
import { readBodies, withBodies } from './bodies.ts'
import type { SenderSetup } from './sender/protocol.ts'
import type { SendingRoute } from './signed.ts'

type RouteSetup = Omit<SenderSetup['routes'][number], 'bodies'> & Partial<Pick<SenderSetup['routes'][number], 'bodies'>>

/** The file of a person's own bodies, which a scenario names by a path from where it lies itself. */
export function bodiesFile(given: string | undefined, scenarioModule: string): string | undefined {
  return given && fileURLToPath(new URL(given, scenarioModule))
}

export async function sendingRoute({ path, provider, secret, bodies }: RouteSetup): Promise<SendingRoute> {
  const sending = await sendingProvider(provider, bodies)
  return { path, provider: sending, secret: sending.secret(secret) }
}

/** The provider of a module, with a person's own bodies where they gave a file of some. */
export async function sendingProvider(module: string, bodies: string | undefined): Promise<Provider> {
  const loaded: Provider = (await import(module)).default
  return bodies === undefined ? loaded : withBodies(loaded, readBodies(bodies, loaded.name))
}
