import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Provider, RouteSecret, Secret } from '../../core/contracts/provider.ts'
import { ed25519Keys } from '../../core/receiving/signature-ed25519.ts'
import type { Elsewhere, SecretSource } from './config.ts'
import { readElsewhere } from './elsewhere.ts'
import { Jwks } from './jwks.ts'

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
  jwksAt: (url: string) => Pick<Jwks, 'keys' | 'text'> = (url) => new Jwks(url),
): ReadSecrets {
  const living = sources.filter(({ until }) => until === undefined || Date.parse(until) >= nowMs)
  if (living.length === 0)
    throw new FloodmarkError('misuse', `route ${path}: the time of every secret is over: give one more`)
  const read = living.map((source) => {
    const what = `route ${path}: ${placeOf(source)}`
    const { text, keys } = 'jwks' in source ? jwksAt(source.jwks) : textOf(source)
    if (keys && !provider.takesJwks)
      throw new FloodmarkError('misuse', `${what}: ${provider.name} has no use for a JWKS`)
    const secrets: readonly Secret[] = keys ?? [imported(provider, text, what)]
    if (secrets.length === 0) throw new FloodmarkError('misuse', `${what}: it has no Ed25519 key`)
    const { until } = source
    return {
      text,
      secrets: until === undefined ? secrets : secrets.map((secret) => ({ secret, untilMs: Date.parse(until) })),
    }
  })
  return {
    secrets: read.flatMap(({ secrets }): readonly RouteSecret[] => secrets),
    texts: read.map(({ text }) => text),
  }

  function textOf(source: Elsewhere): { readonly text: string; readonly keys: readonly Secret[] | undefined } {
    const text = readElsewhere(source, `route ${path}`, folder, env)
    return { text, keys: text.startsWith('{') ? ed25519Keys(text) : undefined }
  }
}

export function placeOf(source: SecretSource): string {
  if ('jwks' in source) return `the keys at ${source.jwks}`
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
