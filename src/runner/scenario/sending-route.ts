import { fileURLToPath } from 'node:url'
import type { Provider, Secret } from '../../core/contracts/provider.ts'
import { readBodies, withBodies } from './templates.ts'

/** A route as processes are told of it: `provider` is the file URL of its module, `bodies` a file of the bodies to send. */
export interface SendingRouteSetup {
  readonly path: string
  readonly provider: string
  readonly secret: string
  /** undefined: the provider's samples. */
  readonly bodies?: string | undefined
}

/** The file of a person's own bodies, which a scenario names by a path from where it lies itself. */
export function bodiesFile(given: string | undefined, scenarioModule: string): string | undefined {
  return given && fileURLToPath(new URL(given, scenarioModule))
}

export async function sendingRoute({ path, provider, secret, bodies }: SendingRouteSetup): Promise<SendingRoute> {
  const sending = await sendingProvider(provider, bodies)
  return { path, provider: sending, secret: sending.secret(secret) }
}

/** The provider of a module, with a person's own bodies where they gave a file of some. */
export async function sendingProvider(module: string, bodies: string | undefined): Promise<Provider> {
  const loaded: Provider = (await import(module)).default
  return bodies === undefined ? loaded : withBodies(loaded, readBodies(bodies, loaded.name))
}

/** One way to reach a receiver: the path, and the provider that signs. */
export interface SendingRoute {
  readonly path: string
  readonly provider: Provider
  readonly secret: Secret
}
