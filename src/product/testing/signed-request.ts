import { randomBytes } from 'node:crypto'
import { providers } from '../../../providers/index.ts'
import { systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { seeded } from '../../core/contracts/random.ts'

/** A provider of ours by its name, or one of your own. */
export type AnyProvider = keyof typeof providers | Provider

export interface RequestOptions {
  /** The sender's own id of the event. Default: a new one. Two requests with one id are the same event. */
  readonly id?: string
  /** The ordering key. Default: 'key'. */
  readonly key?: string
  /** The event's type, where the provider puts it into a header. A sample has one of its own. */
  readonly type?: string
  /** Default: a sample of the provider's, with this id and key. An object is sent as JSON. */
  readonly body?: string | Uint8Array | object
  /** When it is signed, ms since the Unix epoch. Default: now. */
  readonly atMs?: number
  /** The whole address, for providers that sign it. */
  readonly url?: string
}

/** A request as its provider would send it, for `fetch`, supertest or any client. */
export interface SignedRequest {
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The text of the secret by which the receiver knows the sender, and what the sender signs with. */
export interface SecretPair {
  readonly signing: string
  readonly verifying: string
}

export async function providerOf(provider: AnyProvider): Promise<Provider> {
  if (typeof provider !== 'string') return provider
  const load = Object.hasOwn(providers, provider) ? providers[provider] : undefined
  if (!load) {
    const known = Object.keys(providers).join(', ')
    throw new FloodmarkError('misuse', `there is no provider '${provider}': name one of ${known}, or give your own`)
  }
  return (await load()).default
}

/** A new pair of secrets for a provider. Most providers have one text for both sides. */
export async function testSecrets(provider: AnyProvider): Promise<SecretPair> {
  const own = (await providerOf(provider)).newSecret?.()
  if (own) return own
  const text = randomBytes(24).toString('hex')
  return { signing: text, verifying: text }
}

let made = 0

/**
 * A request that a receiver with this secret takes for genuine. @throws FloodmarkError 'misuse' where the provider has no such
 * secret, or cannot sign.
 */
export async function signedRequest(
  provider: AnyProvider,
  secret: string,
  options: RequestOptions = {},
): Promise<SignedRequest> {
  const { sign, seal, sample, secret: importSecret, contentType = 'application/json' } = await providerOf(provider)
  const { id = `test-${++made}`, key = 'key', atMs = systemClock.now(), url = 'http://127.0.0.1/' } = options
  const sampled = options.body === undefined ? sample(seeded(made), { id, key }) : undefined
  const plain = sampled ? Buffer.from(sampled.body) : bytesOf(options.body!)
  const about = { id, type: options.type ?? sampled?.type ?? 'unknown', atMs, url }
  const signing = importSecret(secret)
  const body = Buffer.from(seal?.(plain, signing, about) ?? plain)
  return { method: 'POST', headers: { 'content-type': contentType, ...sign(body, signing, about) }, body }
}

function bytesOf(body: string | Uint8Array | object): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
}
