import type { Provider } from '../../core/contracts/provider.ts'
import { headersIn, requestOf } from './http-request.ts'
import { isObject, type JsonObject, memberOf, parsedText } from './json-shape.ts'
import { knownOf, type Recorded } from './template.ts'

const DEPTH_MAX = 4
const UNKNOWN = 'unknown'
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
    const members = level.flatMap((one) =>
      Object.entries(one).map(([name, at]) => [name, parsedText(at) ?? at] as const),
    )
    const objects = members.flatMap(([name, at]) => (isObject(at) ? [[name, at] as const] : []))
    const found = objects.flatMap(([name, one]) => inspect(name, one))
    if (found.length === 1) return found[0]
    if (found.length > 1) return 'several events in one object: give each a line of its own'
    level = objects.map(([, one]) => one)
  }
  return undefined
}
