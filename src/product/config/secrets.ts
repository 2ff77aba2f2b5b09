import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Provider, RouteSecret } from '../../core/contracts/provider.ts'
import type { SecretSource } from './config.ts'
import { readElsewhere } from './elsewhere.ts'

/** Where a route's secrets are. */
export interface SecretPlaces {
  readonly path: string
  readonly provider: Provider
  readonly sources: readonly SecretSource[]
  /** The config's. */
  readonly folder: string
}

/** A route's secrets, and their texts, by which a change is seen. */
export interface ReadSecrets {
  readonly secrets: readonly RouteSecret[]
  readonly texts: readonly string[]
}

/**
 * Reads the secrets of a route. One whose time is over is not looked for.
 * @throws FloodmarkError 'misuse' that names the place of one that is missing, and never its text.
 */
export function readSecrets(
  { path, provider, sources, folder }: SecretPlaces,
  nowMs: number,
  env: NodeJS.ProcessEnv = process.env,
): ReadSecrets {
  const living = sources.filter(({ until }) => until === undefined || Date.parse(until) >= nowMs)
  if (living.length === 0)
    throw new FloodmarkError('misuse', `route ${path}: the time of every secret is over: give one more`)
  const texts = living.map((source) => readElsewhere(source, `route ${path}`, folder, env))
  const secrets = living.map((source, at) => {
    const secret = imported(provider, texts[at]!, `route ${path}: ${placeOf(source)}`)
    return source.until === undefined ? secret : { secret, untilMs: Date.parse(source.until) }
  })
  return { secrets, texts }
}

export function placeOf(source: SecretSource): string {
  return 'env' in source ? `the environment variable ${source.env}` : `the file ${source.file}`
}

function imported(provider: Provider, text: string, place: string) {
  try {
    return provider.secret(text)
  } catch (error) {
    // No cause: whoever prints it whole must not find a secret in it.
    throw new FloodmarkError('misuse', `${place}: ${messageOf(error)}`)
  }
}
