import { letterSchema } from '../../core/dead-letters/letter.ts'
import { looksWrapped, requestOf } from './http-request.ts'
import { isList, isObject, type JsonObject, memberOf, parsedText } from './json-shape.ts'
import type { Recorded } from './template.ts'

/** What a JSON value holds: each request, or why it cannot be used. `form`: what the value was taken for. */
export interface Unwrapped {
  readonly form: string
  readonly found: readonly (Recorded | string)[]
}

const DEPTH_MAX = 8
const UNKNOWN_FORM =
  'a request in a form that is not known: make it {"headers": {"name": "value"}, "body": "the body as it came"}'

const NO_REQUEST = 'a delivery without its request: gh api repos/OWNER/REPO/hooks/HOOK/deliveries/DELIVERY has it'

/** Lists of requests or events, by what tells them from a webhook that has a list in it. */
const LISTS: readonly { readonly form: string; list(value: JsonObject): unknown }[] = [
  { form: 'HAR', list: (value) => memberOf(value, 'log', 'entries') },
  { form: 'Postman collection', list: (value) => isObject(value.info) && leavesOf(value.item) },
  { form: 'Insomnia export', list: (value) => value._type === 'export' && requestsAmong(value.resources) },
  { form: 'list of events', list: (value) => value.object === 'list' && value.data },
  { form: 'list of events', list: (value) => value.entity === 'collection' && value.items },
  { form: 'tunnel’s requests', list: (value) => listOf(value.requests, 'request') },
  { form: 'messages of a queue', list: (value) => listOf(value.Records) ?? listOf(value.Messages, 'Body') },
  { form: 'messages of a queue', list: (value) => listOf(value.receivedMessages, 'message') },
  { form: 'log events', list: (value) => listOf(value.events, 'message', 'timestamp') },
  { form: 'search hits', list: (value) => listOf(memberOf(value, 'hits', 'hits'), '_source') },
  { form: 'page of a list', list: (value) => PAGES.some((name) => Object.hasOwn(value, name)) && pageOf(value) },
]
const PAGES = [
  'has_more',
  'per_page',
  'total_pages',
  'pagination',
  'iterator',
  'next_cursor',
  'nextToken',
  'links',
] as const
const PAGE_LISTS = ['data', 'models', 'events', 'items', 'requests', 'results', 'entries', 'deliveries'] as const

/** What carries one body, by its own marks: the body, as an object or a text, in base64 or not. */
const CARRIERS: readonly { readonly form: string; inside(value: JsonObject): unknown }[] = [
  { form: 'SNS', inside: (value) => value.Type === 'Notification' && value.Message },
  { form: 'SNS', inside: (value) => memberOf(value, 'Sns', 'Message') },
  { form: 'SQS', inside: (value) => (value.ReceiptHandle ? value.Body : value.receiptHandle && value.body) },
  { form: 'Kinesis', inside: (value) => fromBase64(memberOf(value, 'kinesis', 'data')) },
  { form: 'EventBridge', inside: (value) => Object.hasOwn(value, 'detail-type') && value.detail },
  {
    form: 'Pub/Sub',
    inside: (value) => memberOf(value, 'message', 'messageId') && fromBase64(memberOf(value, 'message', 'data')),
  },
  {
    form: 'Kafka',
    inside: (value) => Object.hasOwn(value, 'partition') && Object.hasOwn(value, 'offset') && value.payload,
  },
  { form: 'Event Grid', inside: (value) => Object.hasOwn(value, 'dataVersion') && value.data },
  { form: 'log line', inside: (value) => TIMES.some((name) => Object.hasOwn(value, name)) && lineOf(value) },
]
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'stream', 'level'] as const
const LINES = ['message', '@message', 'log', 'msg', 'line', 'textPayload'] as const

/** Takes apart what people keep webhooks in. `bytes`: the value as it stands in its file, for a body that is nothing else. */
export function unwrap(value: unknown, bytes: Uint8Array, depth = 0): Unwrapped {
  if (depth > DEPTH_MAX) return { form: 'unknown', found: ['too many envelopes in each other'] }
  if (!isObject(value)) {
    const found = isList(value) ? { headers: {}, body: bytes } : 'neither a request nor the body of one'
    return { form: 'bodies', found: [found] }
  }
  const letter = letterSchema.safeParse(value)
  if (letter.success) {
    const { headers, body } = letter.data
    const found = body === '' ? 'a dead letter without a body' : { headers, body: Buffer.from(body, 'base64') }
    return { form: 'dead letters', found: [found] }
  }
  return listed(value, depth) ?? carried(value, depth) ?? alone(value, bytes)
}

function listed(value: JsonObject, depth: number): Unwrapped | undefined {
  for (const { form, list } of LISTS) {
    const items = list(value)
    if (isList(items)) return unwrapAll(items, form, depth)
  }
  return undefined
}

/** Each item of a list as if it stood alone. */
export function unwrapAll(items: readonly unknown[], form: string, depth = 0): Unwrapped {
  return { form, found: items.flatMap((item) => unwrap(item, Buffer.from(JSON.stringify(item)), depth + 1).found) }
}

function carried(value: JsonObject, depth: number): Unwrapped | undefined {
  for (const { form, inside } of CARRIERS) {
    const given = inside(value)
    const body = isObject(given) || isList(given) ? given : parsedText(given)
    const bytes = Buffer.from(typeof given === 'string' ? given : JSON.stringify(given ?? null))
    if (body !== undefined) return { form, found: unwrap(body, bytes, depth + 1).found }
    if (typeof given === 'string' && given !== '') return { form, found: [{ headers: {}, body: bytes }] }
  }
  return undefined
}

function alone(value: JsonObject, bytes: Uint8Array): Unwrapped {
  const isListed = Object.hasOwn(value, 'delivered_at') && !Object.hasOwn(value, 'request')
  if (isListed) return { form: 'deliveries', found: [NO_REQUEST] }
  const request = requestOf(value)
  if (request !== undefined) return { form: 'requests', found: [request] }
  return { form: 'bodies', found: [looksWrapped(value) ? UNKNOWN_FORM : { headers: {}, body: bytes }] }
}

/** The value where it is a list whose first item has these members. */
function listOf(value: unknown, ...names: readonly string[]): unknown {
  return isList(value) && names.every((name) => memberOf(value[0], name) !== undefined) ? value : undefined
}

/** Requests in folders, and in folders in these. */
function leavesOf(items: unknown): unknown {
  if (!isList(items)) return undefined
  return items.flatMap((item) => leavesOf(memberOf(item, 'item')) ?? [item])
}

function requestsAmong(resources: unknown): unknown {
  return isList(resources) ? resources.filter((one) => memberOf(one, '_type') === 'request') : undefined
}

function pageOf(value: JsonObject): unknown {
  return PAGE_LISTS.map((name) => value[name]).find(isList)
}

function lineOf(value: JsonObject): unknown {
  return LINES.map((name) => value[name]).find((one) => isObject(parsedText(one))) ?? value.jsonPayload
}

function fromBase64(text: unknown): unknown {
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined
}
