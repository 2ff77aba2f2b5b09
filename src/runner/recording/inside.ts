import type { Provider } from '../../core/contracts/provider.ts'
import { headersIn, requestOf } from './http-request.ts'
import { isObject, type JsonObject, memberOf, parsedText } from './json-shape.ts'
import { type Recorded, typeOf } from './template.ts'

const DEPTH_MAX = 4
const UNKNOWN = 'unknown'

/**
 * What a provider knows inside of a body that it does not know, or that only carries another's event: envelopes have more
 * forms than can be listed. undefined: the body is to be taken as it is. A text: which of several is meant cannot be told.
 */
export function insideOf(provider: Provider, recorded: Recorded): Recorded | string | undefined {
  const value = parsedText(Buffer.from(recorded.body).toString())
  if (!isObject(value)) return undefined
  const isCarrier = memberOf(value, 'specversion') !== undefined && provider.name !== 'cloudevents'
  if (!isCarrier && (typeOf(provider, recorded) ?? UNKNOWN) !== UNKNOWN) return undefined
  // Where the id lies in a header, any object with a type would be an event.
  const isNamedByBody = typeOf(provider, { headers: {}, body: Buffer.from('{}') }) === undefined
  let level: readonly JsonObject[] = [value]
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth++) {
    level = level.flatMap((one) => Object.values(one).map((member) => parsedText(member) ?? member)).filter(isObject)
    const found = level.flatMap((one) => {
      const candidate = headersIn(one) ? requestOf(one) : { headers: {}, body: Buffer.from(JSON.stringify(one)) }
      if (!candidate || typeof candidate === 'string' || (!isNamedByBody && !headersIn(one))) return []
      return (typeOf(provider, candidate) ?? UNKNOWN) === UNKNOWN ? [] : [candidate]
    })
    if (found.length === 1) return found[0]
    if (found.length > 1) return 'several events in one object: give each a line of its own'
  }
  return undefined
}
