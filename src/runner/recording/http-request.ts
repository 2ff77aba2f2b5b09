import { isList, isObject, type JsonObject, memberOf, parsedText } from './json-shape.ts'
import type { Recorded } from './template.ts'

/** Where loggers, bins, proxies and gateways keep the headers of a request, and its body. The first that is there counts. */
const HEADERS = ['headers', 'multiValueHeaders', 'header', 'request_headers', 'requestHeaders', 'reqHeaders'] as const
const BODIES = [
  'rawBody',
  'raw_body',
  'bodyRaw',
  'body_raw',
  'body',
  'content',
  'payload',
  'postData',
  'request_body',
  'requestBody',
  'data',
] as const
/** A request inside of what was noted about it. */
const INSIDE = ['request', 'req', 'event', 'data', '_source', 'http', 'jsonPayload', 'incoming'] as const
const OFTEN_NO_REQUEST: readonly string[] = ['event', 'data']
const BASE64_FLAGS = ['isBase64Encoded', 'is_base64_encoded', 'base64Encoded', 'bodyIsBase64'] as const
const FIRST_LINE = /^[A-Z]+ \S+ HTTP\/[12](?:\.\d)?\r?\n/

/** The request that somebody noted in this object; undefined where it is none, a text that says why where it cannot be used. */
export function requestOf(value: JsonObject): Recorded | string | undefined {
  for (const name of INSIDE) {
    const inside = value[name]
    if (!isObject(inside) || !headersIn(inside)) continue
    const made = madeOf(inside, value)
    // A webhook about an e-mail has its headers in its data.
    if (!OFTEN_NO_REQUEST.includes(name) || isJson(made)) return made
  }
  const isPlain =
    Object.hasOwn(value, 'body') && Object.keys(value).every((name) => name === 'body' || name === 'headers')
  if (isPlain || headersIn(value) || isCalled(value)) return madeOf(value, {})
  return flattened(value)
}

/** Whether it is marked as a request, or holds one as a text, though its form is not known: no webhook's body looks like this. */
export function looksWrapped(value: JsonObject): boolean {
  if (isCalled(value) || headersIn(value) !== undefined) return true
  if (['httpMethod', 'request_method', 'requestContext'].some((name) => Object.hasOwn(value, name))) return true
  return ['body', 'payload', 'content', 'rawBody'].some((name) => isObject(parsedText(value[name])))
}

/** A request as it goes over the wire: `POST /hook HTTP/1.1`, headers, an empty line, the body. */
export function requestOnTheWire(bytes: Buffer): Recorded | undefined {
  const text = bytes.toString('latin1')
  if (!FIRST_LINE.test(text)) return undefined
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) return undefined
  const body = bytes.subarray(end.index + end[0].length)
  return body.length === 0 ? undefined : { headers: linesOf(text.slice(text.indexOf('\n') + 1, end.index)), body }
}

function isCalled(value: JsonObject): boolean {
  return typeof value.method === 'string' && ['url', 'uri', 'path'].some((name) => typeof value[name] === 'string')
}

export function headersIn(value: JsonObject): Record<string, string> | undefined {
  for (const name of HEADERS) {
    if (!Object.hasOwn(value, name)) continue
    const headers = headersOf(value[name])
    if (headers) return headers
  }
  return undefined
}

/** By lower-case name, of an object of texts or lists, of a list of pairs, or of a text. */
function headersOf(given: unknown): Record<string, string> | undefined {
  const value = parsedText(given) ?? given
  if (typeof value === 'string') return linesOf(value)
  if (isList(value)) {
    const pairs = value.map((one): [unknown, unknown] =>
      isList(one) ? [one[0], one[1]] : isObject(one) ? [one.name ?? one.key, one.value] : [undefined, undefined],
    )
    return lowered(pairs)
  }
  return isObject(value) ? lowered(Object.entries(value)) : undefined
}

function lowered(pairs: readonly (readonly [unknown, unknown])[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, given] of pairs) {
    const value = isList(given) ? given[0] : given
    if (typeof name === 'string' && ['string', 'number', 'boolean'].includes(typeof value)) {
      headers[name.toLowerCase()] = String(value)
    }
  }
  return headers
}

function linesOf(text: string): Record<string, string> {
  return lowered([...text.matchAll(/^([^\s:]+):[ \t]*(.*?)\r?$/gm)].map((found) => [found[1], found[2]] as const))
}

function madeOf(value: JsonObject, around: JsonObject): Recorded | string {
  const headers = headersIn(value) ?? {}
  if (typeof value.raw === 'string') {
    const whole = requestOnTheWire(Buffer.from(value.raw, 'base64'))
    if (whole) return whole
  }
  const isBase64 = BASE64_FLAGS.some((name) => value[name] === true || around[name] === true)
  for (const place of [value, around]) {
    for (const name of BODIES) {
      const body = place[name] === value ? undefined : bodyOf(place[name], isBase64)
      if (body) return { headers, body }
    }
  }
  return 'a request without a body'
}

function isJson(made: Recorded | string): boolean {
  return typeof made !== 'string' && parsedText(Buffer.from(made.body).toString()) !== undefined
}

/** undefined where there is none, also once it is decoded. */
function bodyOf(value: unknown, isBase64: boolean): Uint8Array | undefined {
  const body = bytesOf(value, isBase64)
  return body && body.length > 0 ? body : undefined
}

function bytesOf(value: unknown, isBase64: boolean): Uint8Array | undefined {
  if (typeof value === 'string') return textBody(value, isBase64)
  if (isList(value)) return Buffer.from(JSON.stringify(value))
  if (!isObject(value)) return undefined
  // Node writes a Buffer like this.
  if (value.type === 'Buffer' && isList(value.data)) return Buffer.from(value.data as number[])
  const fields = memberOf(value, 'params') ?? memberOf(value, 'urlencoded')
  const text = value.text ?? value.raw
  const isHeld = typeof value.mimeType === 'string' || typeof value.mode === 'string'
  if (isHeld && typeof text === 'string' && text !== '') return textBody(text, value.encoding === 'base64')
  if (isHeld && isList(fields)) return formBody(fields)
  return isHeld ? undefined : Buffer.from(JSON.stringify(value))
}

/** A text that says that it is base64, or that is JSON once it is read as such. */
function textBody(text: string, isBase64: boolean): Uint8Array {
  if (isBase64) return Buffer.from(text, 'base64')
  const decoded = /^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
  return decoded && parsedText(decoded.toString()) !== undefined ? decoded : Buffer.from(text)
}

function formBody(fields: readonly unknown[]): Uint8Array {
  const form = new URLSearchParams()
  for (const field of fields)
    if (isObject(field)) form.append(String(field.name ?? field.key), String(field.value ?? ''))
  return Buffer.from(form.toString())
}

/** Headers beside the body, as tunnels for webhooks hand them on. */
function flattened(value: JsonObject): Recorded | undefined {
  const isFlat = ['content-type', 'user-agent'].some((name) => typeof value[name] === 'string')
  const body = isFlat ? bodyOf(value.body, false) : undefined
  return body && { headers: lowered(Object.entries(value)), body }
}
