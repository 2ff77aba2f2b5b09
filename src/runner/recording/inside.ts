import type { Provider } from '../../core/contracts/provider.ts'
import { headersIn, requestOf } from './http-request.ts'
import { isList, isObject, type JsonObject, LINE, memberOf, parsedText } from './json-shape.ts'
import { knownOf, type Recorded } from './template.ts'

const DEPTH_MAX = 4
const UNKNOWN = 'unknown'
const OWN_HEADERS = 'a request in a form that is not known, with headers of the provider in it: make it'
/** Members that carry a body which is known by its ordering key alone. */
const CARRYING: readonly string[] = ['payload', 'body', 'event', 'message', 'webhook', 'raw']

/**
 * What a provider knows inside of a body that it does not know, or that only carries another's event: envelopes have more
 * forms than can be listed. undefined: the body is to be taken as it is. A text: which of several is meant cannot be told.
 */
export function insideOf(provider: Provider, recorded: Recorded): Recorded | string | undefined {
  const value = parsedText(Buffer.from(recorded.body).toString())
  if (!isObject(value)) return undefined
  const isCarrier = memberOf(value, 'specversion') !== undefined && provider.name !== 'cloudevents'
  const outer = knownOf(provider, recorded)
  if (!isCarrier && (outer?.type ?? UNKNOWN) !== UNKNOWN) return undefined
  // Where the id lies in a header, any object with a type would be an event.
  const isNamedByBody = knownOf(provider, { headers: {}, body: Buffer.from('{}') }) === undefined
  const inspect = (name: string, one: JsonObject): Recorded[] => {
    const hasHeaders = headersIn(one) !== undefined
    const candidate = hasHeaders ? requestOf(one) : { headers: {}, body: Buffer.from(JSON.stringify(one)) }
    const known = typeof candidate === 'object' ? knownOf(provider, candidate) : undefined
    if (!known || typeof candidate !== 'object') return []
    if (isNamedByBody || hasHeaders) return known.type === UNKNOWN ? [] : [candidate]
    return known.isKeyed && !outer?.isKeyed && CARRYING.includes(name) ? [candidate] : []
  }
  let level: readonly JsonObject[] = [value]
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth++) {
    // A body that the provider can make nothing of may hold a list of events. Elsewhere a list is a part of one.
    const objects = level.flatMap((one) =>
      Object.entries(one).flatMap(([name, at]) => objectsIn(name, at, outer === undefined)),
    )
    const found = objects.flatMap(([name, one]) => inspect(name, one))
    if (found.length === 1) return found[0]
    if (found.length > 1) return 'several events in one object: give each a line of its own'
    level = objects.map(([, one]) => one)
  }
  const isEnvelope = !outer?.isKeyed && Object.keys(recorded.headers).length === 0 && namesHeaders(provider, recorded)
  return isEnvelope ? `${OWN_HEADERS} ${LINE}` : undefined
}

/** The object that is a value, or a text, or those in a list of such. */
function objectsIn(name: string, given: unknown, withLists: boolean): (readonly [string, JsonObject])[] {
  const value = parsedText(given) ?? given
  if (isObject(value)) return [[name, value]]
  return withLists && isList(value) ? value.flatMap((one) => objectsIn(name, one, true)) : []
}

/** Whether a member, here or in JSON within a text, is called like one of the provider's own headers. No webhook has such a member. */
function namesHeaders({ signatureHeaders, contextHeaders }: Provider, { body }: Recorded): boolean {
  const text = Buffer.from(body).toString()
  // host and content-type are everybody's.
  const names = [...signatureHeaders, ...contextHeaders].filter((name) => /^(?!content-).*-/.test(name))
  return names.some((name) => new RegExp(`"(?:http[-_])?${name.replaceAll('-', '[-_]')}\\\\*"`, 'i').test(text))
}
