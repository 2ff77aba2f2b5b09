import { isUtf8 } from 'node:buffer'
import { FloodmarkError } from '../contracts/errors.ts'

const BOM = Buffer.of(0xef, 0xbb, 0xbf)

/** The body as JSON, behind a byte order mark too; undefined where it is not (invalid UTF-8, NUL or nothing at all). Never throws. */
export function parseBody(raw: Uint8Array): unknown {
  // Decoding would turn any invalid bytes into U+FFFD, and so two different ids into one.
  if (!isUtf8(raw)) return undefined
  try {
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    const from = bytes[0] === BOM[0] && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
    return JSON.parse(bytes.toString('utf8', from))
  } catch {
    return undefined
  }
}

/** Whether a provider sends JSON, by its content type: undefined stands for JSON. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType === undefined || /[/+]json$/.test(contentType)
}

const FIELD = 'payload='
const PAYLOAD = Buffer.from(FIELD)

/** The same, or the JSON that is the one field `payload` of a form: senders that are set to forms have it there. Never throws. */
export function parseContent(raw: Uint8Array): unknown {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (!bytes.subarray(0, PAYLOAD.length).equals(PAYLOAD)) return parseBody(raw)
  const [payload, ...more] = isUtf8(raw) ? new URLSearchParams(bytes.toString()).values() : []
  return payload === undefined || more.length > 0 ? undefined : parseBody(Buffer.from(payload))
}

/**
 * The same where a provider sends nothing but JSON, for `identify`. Of members given twice the last counts, as everywhere here.
 * @throws FloodmarkError 'bad-request' where it is not JSON.
 */
export function jsonBody(raw: Uint8Array): unknown {
  const body = parseBody(raw)
  if (body === undefined) throw new FloodmarkError('bad-request', 'the body is not JSON: send it as JSON in UTF-8')
  return body
}

/**
 * The non-empty string or whole number at a path of own members, as text; undefined for anything else.
 * Own members only: `constructor` or `__proto__` in a body must not reach Object.prototype.
 */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const at = memberAt(value, path)
  if (typeof at === 'string' && at !== '') return at
  return Number.isSafeInteger(at) ? String(at) : undefined
}

/**
 * The same for an ordering key, of any finite number: large ones are rounded, so that neighbours share a lane, which keeps
 * more order than was asked for. Never for an id.
 */
export function keyAt(value: unknown, ...path: readonly string[]): string | undefined {
  const at = memberAt(value, path)
  return typeof at === 'number' && Number.isFinite(at) ? String(at) : textAt(at)
}

/** What is at a path of own members; undefined where there is none. */
export function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

type ParseWithSource = (
  text: string,
  revive: (name: string, value: unknown, at?: { source?: string }) => unknown,
) => unknown

/**
 * As textAt; a whole number that is too large for a double is given as it was sent, digit by digit. `body` is what `raw` was
 * parsed to. The second parsing is for such a number alone.
 */
export function exactTextAt(raw: Uint8Array, body: unknown, ...path: readonly string[]): string | undefined {
  const value = memberAt(body, path)
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return textAt(value)
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    .toString()
    .replace(/^\ufeff/, '')
  const exact = (JSON.parse as ParseWithSource)(text, (_name, found, at) =>
    typeof found === 'number' && /^-?\d{16,}$/.test(at?.source ?? '') ? at!.source : found,
  )
  return textAt(exact, ...path)
}

/** The whole number, 0 or more, at a path of own members; undefined for anything else. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const text = textAt(value, ...path)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
