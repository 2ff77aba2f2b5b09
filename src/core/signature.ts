import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { FloodmarkError } from './errors.ts'
import type { Secret } from './provider.ts'

const HEX_SHA256 = /^[0-9a-f]{64}$/

/** @throws FloodmarkError 'misuse' when the secret is empty: HMAC would take it, and anyone could sign. */
export function hmacSecret(text: string): Secret {
  if (text.trim() === '') throw new FloodmarkError('misuse', 'a webhook secret is empty: set it before starting')
  return createSecretKey(Buffer.from(text))
}

/** HMAC-SHA256 over the parts in order, as lower-case hex. */
export function hmacHex(secret: Secret, ...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/**
 * Passes when any of the claimed signatures (lower-case hex SHA-256) fits any of the secrets. Its form is looked at
 * first: a comparison of unequal lengths throws, and a lenient decoder would shorten what it compares.
 */
export function checkHmac(
  claimed: readonly string[],
  secrets: readonly Secret[],
  ...parts: readonly (string | Uint8Array)[]
): void {
  const wellFormed = claimed.filter((one) => HEX_SHA256.test(one)).map((one) => Buffer.from(one, 'latin1'))
  for (const secret of wellFormed.length > 0 ? secrets : []) {
    const expected = Buffer.from(hmacHex(secret, ...parts), 'latin1')
    if (wellFormed.some((one) => timingSafeEqual(one, expected))) return
  }
  throw badSignature()
}

export function badSignature(): FloodmarkError {
  return new FloodmarkError('bad-signature', 'the signature does not fit')
}

/** A sender may offer several signatures while it rotates secrets; more than this many is an attempt to make us compute. */
export const SIGNATURES_MAX = 5

/** A Unix time in seconds, no further from now than the window. @throws FloodmarkError 'bad-signature'. */
export function checkTimestamp(text: string | undefined, nowMs: number, windowS: number): string {
  if (text === undefined || !/^\d{1,12}$/.test(text)) throw badSignature()
  if (Math.abs(nowMs / 1_000 - Number(text)) > windowS) throw badSignature()
  return text
}

/** The body as a JSON object. @throws FloodmarkError 'bad-request'. Only for bodies that are verified. */
export function parseObject(raw: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Answered below, without quoting what the sender wrote.
  }
  throw new FloodmarkError('bad-request', 'the body is not a JSON object')
}

/** A string or number found by its path of own members; undefined when it is not there. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return typeof at === 'string' && at !== '' ? at : typeof at === 'number' ? String(at) : undefined
}
