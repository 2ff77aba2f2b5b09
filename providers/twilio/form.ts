import { isUtf8 } from 'node:buffer'

/** A form with more parameters is refused. Twilio sends some twenty. */
export const PARAMETERS_MAX = 1_000

/** The values of each name of a form, without repetition; undefined where the bytes are not a form, or the form is too large. */
export function parseForm(raw: Uint8Array): Map<string, Set<string>> | undefined {
  // Decoding would turn any invalid bytes into U+FFFD, and so two different values into one.
  if (!isUtf8(raw)) return undefined
  const pieces = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    .toString('utf8')
    .split('&', PARAMETERS_MAX + 1)
  if (pieces.length > PARAMETERS_MAX) return undefined
  const form = new Map<string, Set<string>>()
  for (const piece of pieces) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = decode(equals === -1 ? piece : piece.slice(0, equals))
    const value = decode(equals === -1 ? '' : piece.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    const values = form.get(name)
    if (values) values.add(value)
    else form.set(name, new Set([value]))
  }
  return form
}

/** The text that Twilio signs of a form: by name, then by value, each value behind its name, and nothing between. */
export function signedText(form: ReadonlyMap<string, ReadonlySet<string>>): string {
  let text = ''
  for (const name of [...form.keys()].sort()) {
    for (const value of [...form.get(name)!].sort()) text += name + value
  }
  return text
}

/** The bytes of a form, a space as '+', as Twilio sends it. */
export function writeForm(parameters: Readonly<Record<string, string>>): Buffer {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')
  const pieces = Object.entries(parameters).map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return Buffer.from(pieces.join('&'))
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
