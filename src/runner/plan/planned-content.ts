import { OWN_HEADERS } from '../../core/base/headers.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import { toEvents } from '../../core/receiving/to-events.ts'
import type { SendingRoute } from '../scenario/sending-route.ts'
import { eventId, orderingKey } from './identity.ts'
import { type Making, signedEvent } from './make-event.ts'

/** A part of a scenario's mix, ready to sign. `source` is what its events are stored under. */
export type SourceRoute = SendingRoute & { readonly source: string }

/** What an event must consist of when it takes effect. */
export type PlannedContent = Omit<WebhookEvent, 'receivedAtMs'>

interface EventPlace {
  readonly seq: number
  readonly key: number
}

/** Requests are signed at two times that differ in every digit that a header could show. */
const SIGNED_AT_MS = 1_700_000_000_000
const LATER_MS = 1_811_111_111_111
const SAMPLES = 20
const HOST = 'planned.invalid'

/**
 * Event `seq` as it must take effect: the body as it is signed, the rest as the plan chose it.
 * @throws FloodmarkError 'misuse' where the provider does not find in a request what the plan had it put there.
 */
export function plannedContent(
  making: Making,
  route: SourceRoute,
  place: EventPlace,
  atMs: number = SIGNED_AT_MS,
): PlannedContent {
  const { path, source, provider } = route
  const { type, headers, body } = signedEvent(making, route, place, { host: HOST, atMs })
  const signed = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const request = { url: path, raw: body, receivedAtMs: atMs, header: (name: string) => signed.get(name) }
  const stored = toEvents({ path, source, provider, secrets: [] }, request)
  const [event] = stored
  const [id, key] = [eventId(making.runId, place.seq), orderingKey(place.key)]
  if (!event || stored.length > 1) throw notShown(route, 'one event')
  if (!event.id.endsWith(id)) throw notShown(route, `the id ${id}`)
  if (!event.key.endsWith(key)) throw notShown(route, `the key ${key}`)
  if (event.type !== type) throw notShown(route, `the type ${type}`)
  // What the kit adds is its own to know; what the sender signed is not asked of the kit.
  const kept = Object.fromEntries(Object.entries(event.headers).filter(([name]) => name.startsWith(OWN_HEADERS)))
  for (const name of provider.contextHeaders) {
    const value = signed.get(name)
    if (value !== undefined) kept[name] = value
  }
  return { id: event.id, key: event.key, source, type, body, headers: kept }
}

/** Names of kept headers that tell when a request was signed. */
export function timedHeadersOf(making: Making, route: SourceRoute): string[] {
  const timed = new Set<string>()
  for (let seq = 0; seq < SAMPLES; seq++) {
    const { headers, body } = plannedContent(making, route, { seq, key: seq })
    const later = plannedContent(making, route, { seq, key: seq }, LATER_MS)
    if (!Buffer.from(body).equals(later.body)) throw notShown(route, 'the same body whenever it is signed')
    for (const name in headers) if (headers[name] !== later.headers[name]) timed.add(name)
  }
  return [...timed]
}

function notShown({ provider: { name } }: SourceRoute, what: string): FloodmarkError {
  return new FloodmarkError(
    'misuse',
    `provider '${name}': a request with its own sample does not show ${what}: identify() must find what sample() was given`,
  )
}
