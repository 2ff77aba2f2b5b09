/** A line of a log: when its request came, and by which method, where it says so. */
interface LoggedRequest {
  readonly atMs: number
  readonly method: string | undefined
}
export interface AccessLog {
  /** Whose log it is, in words. */
  readonly form: string
  /** undefined where a line is none of its kind. */
  readonly read: (line: string) => LoggedRequest | undefined
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** [01/Jan/2026:00:00:00 +0000]; HAProxy writes ms and no zone, Python a space before the time. */
const COMMON_TIME = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4})[: ](\d\d:\d\d:\d\d)(?:\.\d+)?(?: ([+-]\d\d)(\d\d))?\]/
/** The same without brackets: only before a method is it a request's. */
const BARE_TIME =
  /(?:^|[\s"'])(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d)(?:\.\d+)?(?: ([+-]\d\d)(\d\d))?(?=[\s"'])/
/** The time as programs in Go write it: 2026/01/01 00:00:00, or with a hyphen between date and time. */
const SLASHED_TIME = /^(\d{4})\/(\d\d)\/(\d\d)(?: -)? (\d\d:\d\d:\d\d(?:\.\d+)?)$/
const QUOTED_METHOD = /"([A-Z]+) [^"]*"/
/** Some write the request without quotes, or in those of a word processor. */
const BARE_METHOD = /[\s'“„«](GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) +(?:\/|https?:)/
/** An application balancer's line begins with the kind of connection, an older one's with the time. */
const BALANCER = /^(?:(?:https?|h2|wss?|grpcs?) +)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) +\S+ +\S+:\d+ /
/** IIS and CDNs write date, time and method in columns, others a time, behind some words or a name, and the method behind it. */
const TIME_FIRST =
  /^(?:\S{1,80}\s+){0,3}?\S{0,80}?["[]?(\d{4}[-/]\d\d[-/]\d\d(?: -)?[T \t]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)["\]]?[ \t].*?\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\b/
/** Proxies write s since 1970, with a fraction or without, others ms or less, and the method in a column behind it. */
const SECONDS_FIRST = /^(\d{10}(?:\.\d+|\d{3}|\d{6}|\d{9})?)\s.*?\s"?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s/
const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d/
const METHOD = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE)$/
/** Where logs of JSON have the time: Caddy, nginx, Traefik, Envoy, gateways and CDNs among them. */
const TIME_NAMES = [
  ...['ts', 'time', 'timestamp', '@timestamp', 'time_iso8601', 'msec', 'StartUTC', 'time_local', 'start_time'],
  ...['requestTime', 'requestTimeEpoch', 'EdgeStartTimestamp', 'created', 'created_at', 'createdAt', 'delivered_at'],
  ...['started_at', 'startedDateTime', 'date'],
]
const LIKE_TIME = /time|date|stamp|at$/i
/** When a route, a user or a certificate was made or changed, or ends: gateways log it beside the request. */
const OF_ANOTHER = /creat|updat|modif|expir|valid/i
/** Members that hold a line of another program's log. */
const LINE_NAMES = ['log', 'message', 'msg', 'line', 'textPayload']

/** A database leaves out the minutes of a zone that has none. */
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?$/

/** ms since 1970 of an ISO time; without a zone it is taken for UTC, of which only distances count. */
export function isoMs(given: string): number | undefined {
  if (/^\[?\d\d\/[A-Z]/.test(given)) return commonMs(COMMON_TIME.exec(`[${given.replace(/^\[|\]$/g, '')}]`))
  const text = given.replace(SLASHED_TIME, '$1-$2-$3 $4')
  if (!ISO.test(text)) return undefined
  const zone = /(?:Z|[+-]\d\d(?::?\d\d)?)$/.exec(text.slice(11))?.[0].replace(/^([+-]\d\d)$/, '$1:00') ?? 'Z'
  const bare = text.slice(0, 11) + text.slice(11).replace(/ ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$/, '')
  const atMs = Date.parse(bare.replace(' ', 'T').replace(',', '.') + zone)
  return Number.isNaN(atMs) ? undefined : atMs
}

/** How a number that counts from 1970 counts, by its size; of a smaller one: in seconds. */
export function unitOf(value: number): { readonly name: string; readonly perS: number } {
  if (value >= 1e17) return { name: 'ns', perS: 1e9 }
  if (value >= 1e14) return { name: 'µs', perS: 1e6 }
  return value >= 1e11 ? { name: 'ms', perS: 1e3 } : { name: 's', perS: 1 }
}

/** The kind of log that a line is of; undefined for another file. */
export function accessLogOf(line: string): AccessLog | undefined {
  return LOGS.find(({ read }) => read(line) !== undefined)
}

const LOGS: readonly AccessLog[] = [
  { form: 'a log in JSON', read: ofJson },
  { form: 'an access log of nginx or Apache', read: ofCommon },
  { form: 'an access log of a load balancer', read: ofBalancer },
  { form: 'a log with the time first', read: ofTimeFirst },
  { form: 'a log with the seconds first', read: ofSecondsFirst },
]

function ofCommon(line: string): LoggedRequest | undefined {
  const inBrackets = COMMON_TIME.exec(line)
  const atMs = commonMs(inBrackets ?? BARE_TIME.exec(line))
  const method = (QUOTED_METHOD.exec(line) ?? BARE_METHOD.exec(line))?.[1]
  return atMs === undefined || (!inBrackets && method === undefined) ? undefined : { atMs, method }
}

function commonMs(found: RegExpExecArray | null): number | undefined {
  const [, day, month = '', year, time, hours, minutes] = found ?? []
  const number = MONTHS.indexOf(month) + 1
  if (number === 0) return undefined
  const zone = hours === undefined ? '' : `${hours}:${minutes}`
  return isoMs(`${year}-${String(number).padStart(2, '0')}-${day}T${time}${zone}`)
}

function ofBalancer(line: string): LoggedRequest | undefined {
  const atMs = isoMs(BALANCER.exec(line)?.[1] ?? '')
  return atMs === undefined ? undefined : { atMs, method: QUOTED_METHOD.exec(line)?.[1] }
}

function ofTimeFirst(line: string): LoggedRequest | undefined {
  const [, time, method] = TIME_FIRST.exec(line) ?? []
  const atMs = isoMs((time ?? '').replace('\t', ' '))
  return atMs === undefined ? undefined : { atMs, method }
}

function ofSecondsFirst(line: string): LoggedRequest | undefined {
  const [, time, method] = SECONDS_FIRST.exec(line) ?? []
  const atMs = timeMs(time)
  return atMs === undefined ? undefined : { atMs, method }
}

function ofJson(line: string): LoggedRequest | undefined {
  if (!line.startsWith('{')) return undefined
  let value: Record<string, unknown>
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  // What k6 measured: many points for one request.
  if (value.type === 'Point') return undefined
  const texts = LINE_NAMES.flatMap((name) => (typeof value[name] === 'string' ? [value[name]] : []))
  const inside = texts.map((text) => accessLogOf(text.trim())?.read(text.trim())).find(Boolean)
  if (inside?.method !== undefined) return inside
  const times = [...TIME_NAMES.map((name) => value[name]), `${value.date}T${value.time}`]
  const method = methodIn(value, 0)
  // A time under a name of somebody's own is that of the request that stands beside it.
  const atMs =
    times.map(timeMs).find((found) => found !== undefined) ?? (method === undefined ? undefined : timeIn(value, 0))
  return atMs === undefined ? undefined : { atMs, method }
}

/** Of any member that is called like a time. */
function timeIn(value: Record<string, unknown>, depth: number): number | undefined {
  const named = Object.keys(value).filter((name) => LIKE_TIME.test(name) && !OF_ANOTHER.test(name))
  const own = named.map((name) => timeMs(value[name])).find((found) => found !== undefined)
  if (own !== undefined || depth === 2) return own
  return membersOf(value)
    .map((one) => timeIn(one, depth + 1))
    .find((found) => found !== undefined)
}

function membersOf(value: Record<string, unknown>): Record<string, unknown>[] {
  const isMember = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one)
  return Object.values(value).filter(isMember) as Record<string, unknown>[]
}

/** The method of the request that a line of JSON is about. It stands beside the time, or in a member. */
function methodIn(value: Record<string, unknown>, depth: number): string | undefined {
  const named = Object.keys(value).filter((name) => /method$/i.test(name))
  const method = named.map((name) => String(value[name]).toUpperCase()).find((one) => METHOD.test(one))
  if (method !== undefined) return method
  const lines = [value.request, ...Object.values(value).filter((one) => REQUEST_LINE.test(String(one)))]
  const quoted = lines.map((one) => /^([A-Z]+) /.exec(typeof one === 'string' ? one : '')?.[1]).find(Boolean)
  if (quoted !== undefined || depth === 2) return quoted
  return membersOf(value)
    .map((one) => methodIn(one, depth + 1))
    .find((one) => one !== undefined)
}

function timeMs(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : Number.NaN
  if (number >= 1e9) return (number / unitOf(number).perS) * 1_000
  if (typeof value !== 'string') return undefined
  return isoMs(value)
}
