import { letterSchema } from '../../core/dead-letters/letter.ts'
import { textBody, withoutCoding } from './held-body.ts'
import { attributesIn, headersIn, isRequest, looksWrapped, requestOf } from './http-request.ts'
import { isList, isObject, type JsonObject, LINE, memberOf, parsedText } from './json-shape.ts'
import { rowsOfColumns } from './table.ts'
import type { Recorded } from './template.ts'
import { isChangeWithoutItem, itemOf } from './typed-values.ts'

/** What a JSON value holds: each request, or why it cannot be used. `form`: what the value was taken for. */
export interface Unwrapped {
  readonly form: string
  readonly found: readonly (Recorded | string)[]
}

const DEPTH_MAX = 8
const UNKNOWN_FORM = `a request in a form that is not known: make it ${LINE}`

const NO_REQUEST = 'a delivery without its request: gh api repos/OWNER/REPO/hooks/HOOK/deliveries/DELIVERY has it'
const NO_MESSAGE = 'an attempt without its message: export the messages instead'
const NO_ITEM = 'a change of a table without its item: a stream with new and old images has it'
const NO_WEBHOOK = 'a line of a log without a request in it'

/** Lists of requests or events, by what tells them from a webhook that has a list in it. */
const LISTS: readonly { readonly form: string; list(value: JsonObject): unknown }[] = [
  { form: 'HAR', list: (value) => memberOf(value, 'log', 'entries') },
  { form: 'Postman collection', list: (value) => isObject(value.info) && leavesOf(value.item) },
  { form: 'Postman collection', list: (value) => leavesOf(memberOf(value, 'collection', 'item')) },
  { form: 'Insomnia export', list: (value) => value._type === 'export' && requestsAmong(value.resources) },
  { form: 'list of events', list: (value) => value.object === 'list' && value.data },
  { form: 'list of events', list: (value) => value.entity === 'collection' && value.items },
  {
    form: 'recorded requests',
    list: (value) => isList(value.requests) && isRequest(value.requests[0]) && value.requests,
  },
  { form: 'messages of a queue', list: (value) => listOf(value.Records) ?? listOf(value.Messages, 'Body') },
  { form: 'messages of a queue', list: (value) => listOf(value.receivedMessages, 'message') },
  { form: 'messages of a queue', list: (value) => listOf(flatIn(value.records), 'topic', 'offset') },
  { form: 'items of a table', list: (value) => listOfItems(value.Items) },
  { form: 'log records', list: (value) => flatIn(flatIn(value.resourceLogs, 'scopeLogs'), 'logRecords') },
  { form: 'log events', list: (value) => listOfLines(value.events ?? value.logEvents) },
  { form: 'stream', list: (value) => listOfTexts(value.records) },
  {
    form: 'log events',
    list: (value) => streamed(memberOf(value, 'data', 'resultType'), memberOf(value, 'data', 'result')),
  },
  { form: 'examples', list: (value) => typeof value.name === 'string' && isList(value.examples) && value.examples },
  { form: 'messages', list: (value) => Object.hasOwn(value, 'iterator') && payloadsOf(value.data) },
  { form: 'search hits', list: (value) => listOf(memberOf(value, 'hits', 'hits'), '_source') },
  { form: 'collections', list: (value) => isList(value.environments) && listOf(value.collections, 'requests') },
  { form: 'rows of a table', list: (value) => listOf(value.meta, 'name') && listOf(value.data) },
  { form: 'rows of a table', list: (value) => listOf(value.tables, 'columns') ?? rowsOfColumns(value) },
  { form: 'page of a list', list: (value) => pageOf(value) ?? pageOf(value.data) },
]
const PAGES = [
  'has_more',
  'per_page',
  'total_pages',
  'pagination',
  'iterator',
  'next_cursor',
  'next_page_url',
  'nextToken',
  'links',
] as const
const PAGE_LISTS = [
  'data',
  'models',
  'events',
  'items',
  'requests',
  'results',
  'entries',
  'deliveries',
  'content',
] as const

/** What carries one body, by its own marks: the body, as an object or a text, in base64 or not. */
const CARRIERS: readonly { readonly form: string; inside(value: JsonObject): unknown }[] = [
  { form: 'SNS', inside: (value) => value.Type === 'Notification' && value.Message },
  { form: 'SNS', inside: (value) => memberOf(value, 'Sns', 'Message') },
  { form: 'SQS', inside: (value) => (value.ReceiptHandle ? value.Body : value.receiptHandle && value.body) },
  { form: 'Kinesis', inside: (value) => fromBase64(memberOf(value, 'kinesis', 'data')) },
  {
    form: 'stream',
    inside: (value) => jsonIn(Object.hasOwn(value, 'SequenceNumber') ? value.Data : value.recordId && value.data),
  },
  { form: 'log events', inside: (value) => jsonIn(memberOf(value, 'awslogs', 'data')) },
  { form: 'EventBridge', inside: (value) => Object.hasOwn(value, 'detail-type') && value.detail },
  {
    form: 'Pub/Sub',
    inside: (value) => memberOf(value, 'message', 'messageId') && fromBase64(memberOf(value, 'message', 'data')),
  },
  {
    form: 'Kafka',
    inside: (value) => isOfTopic(value) && (jsonIn(value.payload ?? value.value) ?? value.payload ?? value.value),
  },
  { form: 'item of a table', inside: (value) => itemOf(value) },
  { form: 'log line', inside: (value) => isLogRecord(value) && loggedIn(value) },
  { form: 'Event Grid', inside: (value) => Object.hasOwn(value, 'dataVersion') && value.data },
  { form: 'log line', inside: (value) => lineOf(value) },
  ...['attributes', '_source', 'result'].map((name) => ({
    form: 'log line',
    inside: (value: JsonObject) => isObject(value[name]) && lineOf(value[name]),
  })),
]
/** What senders themselves put into a list. */
const OF_SENDERS: readonly string[] = ['bodies', 'Event Grid']
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'stream', 'level', '_time', '__REALTIME_TIMESTAMP'] as const
const LINES = ['message', '@message', 'log', 'msg', 'line', 'textPayload', '_raw', 'MESSAGE'] as const
/** What a line of a log has beside its text, and what else may be an object in it. */
const LOG_MARKS = ['level', 'severity', 'lvl', 'stream', 'logger', 'deploymentId'] as const
const LOG_OBJECTS: readonly string[] = [
  'err',
  'error',
  'proxy',
  'tags',
  'labels',
  'context',
  'extra',
  'resource',
  'kubernetes',
]

/** Takes apart what people keep webhooks in. `bytes`: the value as it stands in its file, for a body that is nothing else. */
export function unwrap(value: unknown, bytes: Uint8Array, depth = 0): Unwrapped {
  if (depth > DEPTH_MAX) return { form: 'unknown', found: ['too many envelopes in each other'] }
  const text = parsedText(value)
  if (text !== undefined) return unwrap(text, Buffer.from(value as string), depth + 1)
  if (isList(value)) return kept(value, depth) ?? { form: 'bodies', found: [{ headers: {}, body: bytes }] }
  if (!isObject(value)) return { form: 'bodies', found: ['neither a request nor the body of one'] }
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

/** A list in which each is what a request was kept in. Other lists are bodies, as some senders have them. */
function kept(items: readonly unknown[], depth: number): Unwrapped | undefined {
  const all = items.map((item) => unwrap(item, Buffer.from(JSON.stringify(item)), depth + 1))
  if (all.length === 0 || all.some(({ form }) => OF_SENDERS.includes(form))) return undefined
  // Platforms send their logs as such lists.
  if (all.every(({ found }) => found.every((one) => one === NO_WEBHOOK))) return undefined
  return { form: all[0]!.form, found: all.flatMap(({ found }) => found) }
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
    if (body === undefined && (typeof given !== 'string' || given === '')) continue
    const found = body === undefined ? [{ headers: {}, body: bytes }] : unwrap(body, bytes, depth + 1).found
    return { form, found: found.map((one) => withAttributes(one, value)) }
  }
  return undefined
}

/** A request without headers of its own has those that came as attributes of its message. */
function withAttributes(found: Recorded | string, value: JsonObject): Recorded | string {
  if (typeof found === 'string' || Object.keys(found.headers).length > 0) return found
  const headers = attributesIn(value) ?? (isObject(value.message) ? attributesIn(value.message) : headersIn(value))
  return headers ? { ...found, headers } : found
}

function alone(value: JsonObject, bytes: Uint8Array): Unwrapped {
  const isListed = Object.hasOwn(value, 'delivered_at') && !Object.hasOwn(value, 'request')
  if (isListed) return { form: 'deliveries', found: [NO_REQUEST] }
  if (Object.hasOwn(value, 'responseStatusCode') && Object.hasOwn(value, 'msgId'))
    return { form: 'attempts', found: [NO_MESSAGE] }
  const request = requestOf(value) ?? withMetadata(value)
  if (request !== undefined) return { form: 'requests', found: [request] }
  if (isChangeWithoutItem(value)) return { form: 'changes of a table', found: [NO_ITEM] }
  if (isChatter(value)) return { form: 'log line', found: [NO_WEBHOOK] }
  const isOfMessages = (isOfTopic(value) && !holdsMore(value)) || isOfStream(value)
  const isKept = looksWrapped(value) || isOfMessages || (isLogRecord(value) && textsBeside(value).length === 0)
  return isKept ? { form: 'unknown', found: [UNKNOWN_FORM] } : { form: 'bodies', found: [{ headers: {}, body: bytes }] }
}

/** A payload beside metadata that are headers. */
function withMetadata(value: JsonObject): Recorded | undefined {
  const headers = isObject(value.payload) ? attributesIn(value) : undefined
  return headers && { headers, body: Buffer.from(JSON.stringify(value.payload)) }
}

/** What programs say about themselves between the requests that they log. A webhook has more in it. */
function isChatter(value: JsonObject): boolean {
  const has = (names: readonly string[]) => names.some((name) => Object.hasOwn(value, name))
  const isSaid = LINES.some((name) => typeof value[name] === 'string')
  const isFlat = Object.entries(value).every(
    ([name, one]) => typeof one !== 'object' || one === null || LOG_OBJECTS.includes(name),
  )
  return isSaid && isFlat && has(TIMES) && has(LOG_MARKS)
}

/** The value where it is a list whose first item has these members. */
function listOf(value: unknown, ...names: readonly string[]): unknown {
  return isList(value) && names.every((name) => memberOf(value[0], name) !== undefined) ? value : undefined
}

/** A record of a log of messages. */
function isOfTopic(value: JsonObject): boolean {
  return Object.hasOwn(value, 'partition') && Object.hasOwn(value, 'offset')
}

/** Whether a member of any other name may be the body. A record with `payload` or `value` has its body there or nowhere. */
function holdsMore(value: JsonObject): boolean {
  if (['payload', 'value'].some((name) => Object.hasOwn(value, name))) return false
  return Object.entries(value).some(
    ([name, one]) => !['key', 'headers'].includes(name) && isObject(parsedText(one) ?? one),
  )
}

/** A record of a stream. Its data are no JSON, or they were taken out of it. */
function isOfStream(value: JsonObject): boolean {
  return ['SequenceNumber', 'PartitionKey', 'Data'].every((name) => typeof value[name] === 'string')
}

function isLogRecord(value: JsonObject): boolean {
  return ['timeUnixNano', 'observedTimeUnixNano'].some((name) => Object.hasOwn(value, name))
}

/** The items of the lists that are the members of a value, or those of this name in the items of a list. */
function flatIn(value: unknown, name?: string): unknown {
  if (name === undefined) return isObject(value) ? Object.values(value).filter(isList).flat() : undefined
  return isList(value) ? value.flatMap((one) => memberOf(one, name) ?? []) : undefined
}

/** The text of JSON that a text is, in base64 or gzip or not; undefined for all else. */
function jsonIn(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined
  const text = withoutCoding(textBody(given, false), {}).toString()
  return parsedText(text) && text
}

/** Lines of a log are texts. What a chat sends has a type, and its message is an object. */
function listOfLines(value: unknown): unknown {
  const list = listOf(value, 'message', 'timestamp')
  const [first] = isList(list) ? list : []
  return typeof memberOf(first, 'message') === 'string' || memberOf(first, 'type') === undefined ? list : undefined
}

/** Records of a stream hold texts of JSON. Others that have an id and data are of a sender. */
function listOfTexts(value: unknown): unknown {
  const list = listOf(value, 'recordId', 'data')
  return isList(list) && jsonIn(memberOf(list[0], 'data')) !== undefined ? list : undefined
}

/** The line of a log record; undefined where it tells of a body that stands beside it. */
function loggedIn(value: JsonObject): unknown {
  const line = memberOf(value, 'body', 'stringValue')
  return jsonIn(line) ?? (textsBeside(value).length > 0 ? undefined : line)
}

/** The texts of JSON among the attributes of a log record. */
function textsBeside({ attributes }: JsonObject): unknown[] {
  const texts = isList(attributes) ? attributes.map((one) => memberOf(one, 'value', 'stringValue')) : []
  return texts.filter((one) => parsedText(one) !== undefined)
}

function listOfItems(value: unknown): unknown {
  return isList(value) && value.length > 0 && value.every((one) => isObject(one) && itemOf(one)) ? value : undefined
}

/** Requests in folders, and in folders in these. */
function leavesOf(items: unknown): unknown {
  if (!isList(items)) return undefined
  return items.flatMap((item) => leavesOf(memberOf(item, 'item')) ?? [item])
}

function requestsAmong(resources: unknown): unknown {
  return isList(resources) ? resources.filter((one) => memberOf(one, '_type') === 'request') : undefined
}

function pageOf(value: unknown): unknown {
  if (!isObject(value) || !PAGES.some((name) => Object.hasOwn(value, name))) return undefined
  return PAGE_LISTS.map((name) => value[name]).find(isList)
}

/** Of streams of a log, each line with its time. */
function streamed(kind: unknown, result: unknown): unknown {
  if (kind !== 'streams' || !isList(result)) return undefined
  const pairs = result.flatMap((one) => memberOf(one, 'values') ?? []).filter(isList)
  return pairs.map(([timestamp, line]) => ({ timestamp, line }))
}

/** Of messages that a sender keeps: what it sent of each. */
function payloadsOf(messages: unknown): unknown {
  const isOf = isList(messages) && messages.length > 0 && messages.every((one) => isObject(memberOf(one, 'payload')))
  return isOf ? messages.map((one) => memberOf(one, 'payload')) : undefined
}

function lineOf(value: JsonObject): unknown {
  if (!TIMES.some((name) => Object.hasOwn(value, name))) return undefined
  return LINES.map((name) => value[name]).find((one) => isObject(parsedText(one))) ?? value.jsonPayload
}

function fromBase64(text: unknown): unknown {
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined
}
