import { bodyOf, formBody, formOf, textBody, withoutCoding } from './held-body.ts'
import { isList, isObject, type JsonObject, parsedText } from './json-shape.ts'
import type { Recorded } from './template.ts'
import { headerLines, requestsOnTheWire } from './wire.ts'

/** Where loggers, bins, proxies and gateways keep the headers of a request, and its body. The first that is there counts. */
const HEADERS = [
  'headers',
  'multiValueHeaders',
  'header',
  'request_headers',
  'requestHeaders',
  'reqHeaders',
  '__ow_headers',
  'rawHeaders',
] as const
/** Attributes of a message that are headers, where a gateway or a sender put them there. */
const ATTRIBUTES = [
  ...['attributes', 'metadata', 'messageAttributes', 'MessageAttributes'],
  ...['properties', 'applicationProperties', 'application_properties'],
]
const BODIES = [
  'rawBody',
  'raw_body',
  'bodyRaw',
  'body_raw',
  'rawModeData',
  'body',
  'content',
  'payload',
  'postData',
  'request_body',
  'requestBody',
  'request_data',
  '__ow_body',
  'data',
] as const
/** A request inside of what was noted about it. */
const INSIDE = [
  ...['request', 'req', 'event', 'data', '_source', 'http', 'jsonPayload', 'incoming', 'httpRequest', 'http_request'],
]
const OFTEN_NO_REQUEST: readonly string[] = ['event', 'data']
const BASE64_FLAGS = ['isBase64Encoded', 'is_base64_encoded', 'base64Encoded', 'bodyIsBase64'] as const

/** The request that somebody noted in this object; undefined where it is none, a text that says why where it cannot be used. */
export function requestOf(value: JsonObject): Recorded | string | undefined {
  for (const name of INSIDE) {
    const one = value[name]
    // A trace of a function at the edge. Elsewhere a webhook may tell of a request.
    const inside = isObject(one) && Object.hasOwn(value, 'outcome') && isObject(one.request) ? one.request : one
    if (!isObject(inside) || !(headersIn(inside) || (name === 'request' && isCalled(inside)))) continue
    const made = madeOf(inside, value)
    // A webhook about an e-mail has its headers in its data.
    if (inside !== one || !OFTEN_NO_REQUEST.includes(name) || isJson(made)) return made
  }
  const isPlain =
    Object.hasOwn(value, 'body') && Object.keys(value).every((name) => name === 'body' || name === 'headers')
  if (isPlain || headersIn(value) || isCalled(value)) return madeOf(value, {})
  return flattened(value) ?? heldAsText(value)
}

/** Whether it is marked as a request though its form is not known: no webhook's body looks like this. */
export function looksWrapped(value: JsonObject): boolean {
  return ['httpMethod', 'request_method', 'requestContext', '__ow_method'].some((name) => Object.hasOwn(value, name))
}

/** Whether it is the request that was noted, or what was noted about one. */
export function isRequest(value: unknown): boolean {
  return isObject(value) && (isCalled(value) || headersIn(value) !== undefined || isObject(value.request))
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

/** The attributes of a message where some are headers. */
export function attributesIn(value: JsonObject): Record<string, string> | undefined {
  for (const name of ATTRIBUTES) {
    const one = value[name]
    const found = isObject(one) ? headersOf(isObject(one.headers) ? one.headers : one) : undefined
    if (found && Object.keys(found).some((one) => /^(?:x-|webhook-|svix-|content-type$|user-agent$)/.test(one)))
      return found
  }
  return undefined
}

/** A header, or what stands before the first one. */
const WHOLE_LINE = /^(?:[\w-]+:.*|HTTP\/\d.*|[A-Z]+ \S+ HTTP\/\d.*)?$/

/** By lower-case name, of an object of texts or lists, of a list of pairs, or of a text. */
function headersOf(given: unknown): Record<string, string> | undefined {
  const value = parsedText(given) ?? given
  if (typeof value === 'string') return headerLines(value)
  if (isList(value)) {
    if (value.every((one) => typeof one === 'string')) {
      // Whole lines, as PHP and curl have them. No name of a header has a colon within it.
      if (value.every((one) => WHOLE_LINE.test(one.trim())))
        return headerLines(value.map((one) => one.trim()).join('\n'))
      // Names and values in turns, as Node has them, and readers of Kafka.
      return lowered(value.flatMap((name, at) => (at % 2 === 0 ? [[name, value[at + 1]] as const] : [])))
    }
    const pairs = value.map((one): [unknown, unknown] => {
      if (isList(one)) return [one[0], one[1]]
      if (!isObject(one)) return [undefined, undefined]
      const [only, ...more] = Object.entries(one)
      // A function of Kafka gets each by itself, as bytes.
      if (only && more.length === 0) return [only[0], textOfBytes(only[1])]
      return [one.name ?? one.key, one.value ?? one.values]
    })
    return lowered(pairs)
  }
  if (isObject(value) && isList(value.headers)) return headersOf(value.headers)
  return isObject(value) ? lowered(Object.entries(value)) : undefined
}

function textOfBytes(value: unknown): unknown {
  const isOfBytes = isList(value) && value.every((one) => typeof one === 'number')
  return isOfBytes ? Buffer.from(value as number[]).toString() : value
}

function lowered(pairs: readonly (readonly [unknown, unknown])[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, given] of pairs) {
    const one = isList(given) ? given[0] : given
    // Queues write an attribute with its type.
    const value = isObject(one) ? (one.StringValue ?? one.stringValue ?? one.Value) : one
    if (typeof name === 'string' && ['string', 'number', 'boolean'].includes(typeof value)) {
      headers[name.toLowerCase()] = String(value)
    }
  }
  return headers
}

function madeOf(value: JsonObject, around: JsonObject): Recorded | string {
  const headers = headersIn(value) ?? {}
  if (typeof value.raw === 'string') {
    const [whole] = requestsOnTheWire(Buffer.from(value.raw, 'base64'))
    if (whole) return whole
    if (parsedText(value.raw)) return { headers, body: Buffer.from(value.raw) }
  }
  const isBase64 = BASE64_FLAGS.some((name) => value[name] === true || around[name] === true)
  for (const place of [value, around]) {
    if (place.dataMode === 'urlencoded' && isList(place.data)) return { headers, body: formBody(place.data) }
    for (const name of BODIES) {
      const body = place[name] === value ? undefined : bodyOf(place[name], isBase64, headers)
      if (body) return { headers, body: withoutCoding(body, headers) }
    }
    const form = formOf(place.form)
    if (form) return { headers, body: form }
  }
  return 'a request without a body'
}

function isJson(made: Recorded | string): boolean {
  return typeof made !== 'string' && parsedText(Buffer.from(made.body).toString()) !== undefined
}

/** Headers beside the body, as tunnels for webhooks hand them on. */
function flattened(value: JsonObject): Recorded | undefined {
  const isFlat = ['content-type', 'user-agent'].some((name) => typeof value[name] === 'string')
  const headers = isFlat ? lowered(Object.entries(value)) : {}
  const body = isFlat ? bodyOf(value.body, false, headers) : undefined
  return body && { headers, body }
}

/** A body that stands as a text beside other columns, as in the rows of a table, in base64 or not. No webhook has another one as a text. */
function heldAsText(value: JsonObject): Recorded | undefined {
  const body = ['rawBody', 'raw_body', 'body', 'payload', 'content', 'request_body']
    .map((name) => value[name])
    .flatMap((one) => (typeof one === 'string' ? withoutCoding(textBody(one, false), {}) : []))
    .find((one) => isObject(parsedText(one.toString())))
  return body && { headers: attributesIn(value) ?? {}, body }
}
