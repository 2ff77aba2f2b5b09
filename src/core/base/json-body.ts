import { isUtf8 } from 'node:buffer'

/** The body as JSON; undefined where it is not (invalid UTF-8, a BOM, NUL or nothing at all). Never throws. */
export function parseBody(raw: Uint8Array): unknown {
  // Decoding would turn any invalid bytes into U+FFFD, and so two different ids into one.
  if (!isUtf8(raw)) return undefined
  try {
    return JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}

/**
 * The non-empty string or whole number at a path of own members, as text; undefined for anything else.
 * Own members only: `constructor` or `__proto__` in a body must not reach Object.prototype.
 */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  if (typeof at === 'string' && at !== '') return at
  return Number.isSafeInteger(at) ? String(at) : undefined
}

/** The whole number, 0 or more, at a path of own members; undefined for anything else. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const text = textAt(value, ...path)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
