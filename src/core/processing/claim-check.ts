import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/**
 * The claim-check: an event that is too long for a webhook or a queue carries a reference, and the effect fetches the content
 * from the sender's store. The content is bounded and checked. The configuration says from where, never the payload.
 */

/** What such an event says of its content. */
export interface BodyReference {
  /** Absolute, or relative to the first of the configured origins. */
  readonly url: string
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface BodyFetcherOptions {
  /** Nothing is fetched from anywhere else. At least one; a relative url counts from the first. */
  readonly origins: readonly (string | Origin)[]
  readonly clock: Clock
  /** Longer contents are refused before they are fetched. */
  readonly bytesMax?: number
  /** A fetch that is not complete by then is given up, its wait for a place included, ms; less than the processor's effectMs. */
  readonly timeoutMs?: number
  /** Fetches at once; further ones wait. Memory is at most this many times bytesMax. */
  readonly fetchesMax?: number
}

/** Where contents may be fetched from, and what proves to that store who we are. */
export interface Origin {
  /** 'https://files.example.com', or with a path that all contents lie below: 'https://store.example.com/our-bucket/'. */
  readonly url: string
  /** Sent to this origin alone. */
  readonly headers?: Readonly<Record<string, string>>
}

const DEFAULTS = { bytesMax: 16 * 1024 * 1024, timeoutMs: 5_000, fetchesMax: 8 }

/**
 * Resolves with the content that a reference names, once its length and digest are as announced.
 * @throws FloodmarkError 'rejected' where no other try can help: no reference, another origin, a redirect, too long, not
 * what was announced. 'unavailable' or 'timeout' where a later try may help. The effect rethrows both.
 */
export type FetchBody = (reference: unknown, options?: { readonly signal?: AbortSignal }) => Promise<Uint8Array>

interface Allowed {
  readonly origin: string
  /** Ends with '/'. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** @throws FloodmarkError 'misuse' when an origin is not one. */
export function createBodyFetcher(options: BodyFetcherOptions): FetchBody {
  const { clock } = options
  const { bytesMax, timeoutMs, fetchesMax } = { ...DEFAULTS, ...options }
  const allowed = options.origins.map(allowedOf)
  const [first] = allowed
  if (first === undefined) throw new FloodmarkError('misuse', 'no origin to fetch from: name at least one')
  const base = `${first.origin}${first.path}`
  const places = new Places(fetchesMax)

  async function fetchNow(url: URL, reference: BodyReference, signal: AbortSignal): Promise<Uint8Array> {
    const { headers } = allowed.find((one) => lies(url, one))!
    // Nothing may be unpacked on the way: the bytes that were sent are counted and hashed.
    const asked = { ...headers, 'accept-encoding': 'identity' }
    const response = await fetch(url, { headers: asked, redirect: 'manual', signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw answered(response.status)
    }
    return take(response, reference.bytes, Buffer.from(reference.sha256, 'hex'))
  }

  return async (given, { signal: wanted } = {}) => {
    const reference = asReference(given)
    const url = URL.parse(reference.url, base)
    if (!url || !allowed.some((one) => lies(url, one)) || url.username !== '' || url.password !== '') {
      throw rejected('its url leads to an origin that is not configured')
    }
    if (reference.bytes > bytesMax) throw rejected(`it announces ${reference.bytes} bytes, allowed are ${bytesMax}`)
    const late = new AbortController()
    const cancel = clock.after(timeoutMs, () => late.abort())
    const signal = wanted ? AbortSignal.any([wanted, late.signal]) : late.signal
    try {
      const leave = await places.enter(signal)
      try {
        return await fetchNow(url, reference, signal)
      } finally {
        leave()
      }
    } catch (cause) {
      if (cause instanceof FloodmarkError) throw cause
      if (late.signal.aborted) throw new FloodmarkError('timeout', `the store took longer than ${timeoutMs} ms`)
      if (signal.aborted) throw new FloodmarkError('timeout', 'the try that wanted the content is over')
      throw new FloodmarkError('unavailable', `the store cannot be reached: ${reasonOf(cause)}`, { cause })
    } finally {
      cancel()
    }
  }
}

/** So many at once; others wait in line. One that no longer wants its place leaves the line. */
class Places {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves with what gives the place back. Rejects when the signal aborts first. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    return () => {
      const [next] = this.#waiting
      if (next) next()
      else this.#free++
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(take)
        signal.removeEventListener('abort', give)
      }
      const take = () => {
        leave()
        resolve()
      }
      const give = () => {
        leave()
        reject(signal.reason)
      }
      if (signal.aborted) return reject(signal.reason)
      this.#waiting.add(take)
      signal.addEventListener('abort', give, { once: true })
    })
  }
}

async function take(response: Response, bytes: number, digest: Buffer): Promise<Uint8Array> {
  const body = Buffer.allocUnsafe(bytes)
  const hash = createHash('sha256')
  let at = 0
  for await (const piece of response.body ?? []) {
    if (at + piece.length > bytes) throw rejected(`the content is longer than the ${bytes} bytes announced`)
    body.set(piece, at)
    hash.update(piece)
    at += piece.length
  }
  if (at < bytes) throw rejected(`the content has ${at} bytes, not the ${bytes} announced`)
  if (!timingSafeEqual(hash.digest(), digest))
    throw rejected('the content is not what was announced: its digest differs')
  return body
}

function asReference(value: unknown): BodyReference {
  const { url, bytes, sha256 } = (value ?? {}) as Partial<Record<keyof BodyReference, unknown>>
  const known = typeof url === 'string' && Number.isSafeInteger(bytes) && (bytes as number) >= 0
  if (known && typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)) return value as BodyReference
  throw rejected('it is not a reference of url, bytes and sha256')
}

/** A redirect would lead where the payload, or whoever holds the store, wants. */
function answered(status: number): FloodmarkError {
  if (status >= 300 && status < 400) return rejected(`the store answered with a redirect (${status}), never followed`)
  return new FloodmarkError('unavailable', `the store answered with ${status}`)
}

function lies(url: URL, { origin, path }: Allowed): boolean {
  // URL has resolved every '..' before.
  return url.origin === origin && url.pathname.startsWith(path)
}

function allowedOf(given: string | Origin): Allowed {
  const { url: text, headers = {} } = typeof given === 'string' ? { url: given } : given
  const url = URL.parse(text)
  const isPlain =
    url && (url.protocol === 'https:' || url.protocol === 'http:') && url.href === `${url.origin}${url.pathname}`
  if (isPlain && url.pathname.endsWith('/')) return { origin: url.origin, path: url.pathname, headers }
  const example = 'https://files.example.com, or with a path that ends with a slash'
  throw new FloodmarkError('misuse', `'${text}' is not an origin: write it as ${example}`)
}

function rejected(why: string): FloodmarkError {
  return new FloodmarkError('rejected', `claim-check: ${why}`)
}

/** Node's fetch says no more than 'fetch failed'; its cause says why. */
function reasonOf(error: unknown): string {
  return messageOf((error as Error).cause ?? error)
}
