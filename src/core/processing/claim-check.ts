import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/**
 * The claim-check: an event that is too long for a webhook or a queue carries a reference, and the effect fetches the content
 * from the sender's store. What it fetches is bounded and checked; where from is ours to say, never the payload's.
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
  /** 'https://files.example.com': nothing is fetched from anywhere else. At least one. */
  readonly origins: readonly string[]
  readonly clock: Clock
  /** Longer contents are refused before they are fetched. */
  readonly bytesMax?: number
  /** A fetch that is not complete by then is given up, ms; less than the processor's effectMs. */
  readonly timeoutMs?: number
  /** Fetches at once; further ones wait. Memory is at most this many times bytesMax. */
  readonly fetchesMax?: number
  /** Sent with each fetch: what proves to the store who we are. */
  readonly headers?: Readonly<Record<string, string>>
}

const DEFAULTS = { bytesMax: 16 * 1024 * 1024, timeoutMs: 5_000, fetchesMax: 8 }

/**
 * Resolves with the content that a reference names, once its length and digest are as announced.
 * @throws FloodmarkError 'rejected' for what no other try can mend: no reference, another origin, a redirect, too long, not
 * what was announced. 'unavailable' or 'timeout' for what may be better later: both are the effect's to rethrow.
 */
export type FetchBody = (reference: unknown) => Promise<Uint8Array>

/** @throws FloodmarkError 'misuse' when an origin is none. */
export function createBodyFetcher(options: BodyFetcherOptions): FetchBody {
  const { clock, headers = {} } = options
  const { bytesMax, timeoutMs, fetchesMax } = { ...DEFAULTS, ...options }
  const origins = new Set(options.origins.map(originOf))
  const [base] = origins
  if (base === undefined) throw new FloodmarkError('misuse', 'no origin to fetch from: name at least one')
  const waiting: (() => void)[] = []
  let running = 0

  async function fetchNow(url: URL, { bytes, sha256 }: BodyReference): Promise<Uint8Array> {
    const abort = new AbortController()
    const cancel = clock.after(timeoutMs, () => abort.abort())
    try {
      // Nothing is to be unpacked on the way: what is counted and hashed is what was sent.
      const asked = { ...headers, 'accept-encoding': 'identity' }
      const response = await fetch(url, { headers: asked, redirect: 'manual', signal: abort.signal })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw answered(response.status)
      }
      return await take(response, bytes, Buffer.from(sha256, 'hex'))
    } catch (cause) {
      if (cause instanceof FloodmarkError) throw cause
      if (abort.signal.aborted) throw new FloodmarkError('timeout', `the store took longer than ${timeoutMs} ms`)
      throw new FloodmarkError('unavailable', `the store cannot be reached: ${reasonOf(cause)}`, { cause })
    } finally {
      cancel()
    }
  }

  return async (given) => {
    const reference = asReference(given)
    const url = URL.parse(reference.url, base)
    if (!url || !origins.has(url.origin) || url.username !== '' || url.password !== '') {
      throw rejected('its url leads to an origin that is not configured')
    }
    if (reference.bytes > bytesMax) throw rejected(`it announces ${reference.bytes} bytes, allowed are ${bytesMax}`)
    if (running >= fetchesMax) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await fetchNow(url, reference)
    } finally {
      // The place goes to who waits longest, or is free again.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
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
  throw rejected('it is no reference of url, bytes and sha256')
}

/** A redirect would lead where the payload, or whoever holds the store, wants. */
function answered(status: number): FloodmarkError {
  if (status >= 300 && status < 400) return rejected(`the store answered with a redirect (${status}), never followed`)
  return new FloodmarkError('unavailable', `the store answered with ${status}`)
}

function originOf(text: string): string {
  const url = URL.parse(text)
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && url.href === `${url.origin}/`) return url.origin
  throw new FloodmarkError('misuse', `'${text}' is no origin: write it as https://files.example.com`)
}

function rejected(why: string): FloodmarkError {
  return new FloodmarkError('rejected', `claim-check: ${why}`)
}

/** Node's fetch says no more than 'fetch failed'; its cause says why. */
function reasonOf(error: unknown): string {
  return messageOf((error as Error).cause ?? error)
}
