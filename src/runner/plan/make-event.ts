import type { Provider } from '../../core/contracts/provider.ts'
import { hash32, seeded } from '../../core/contracts/random.ts'
import { drifted } from '../scenario/drift-bodies.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { SendingRoute } from '../scenario/sending-route.ts'
import type { DriftKindOf } from './drift-plan.ts'
import { withContent } from './event-content.ts'
import { eventId, orderingKey } from './identity.ts'

/** What makes a run's bodies what they are. */
export interface Making {
  readonly runId: string
  readonly seed: number
  readonly scenario: Pick<Scenario, 'longBodies' | 'claimCheck'>
  /** Absent: bodies are as they always were. */
  readonly drift?: DriftKindOf
}

/** What event `seq` is before a scenario pads it and its provider signs it: its type follows from the seed and the number alone. */
export function sampled(
  { runId, seed, drift }: Omit<Making, 'scenario'>,
  provider: Provider,
  { seq, key }: { readonly seq: number; readonly key: number },
): ReturnType<Provider['sample']> {
  const made = provider.sample(seeded(hash32(seed, seq)), { id: eventId(runId, seq), key: orderingKey(key) })
  const kind = drift?.(seq)
  return kind ? drifted(provider.name, kind, made) : made
}

/** Event `seq` as its provider makes and signs it at a time. The same run, seed and number always make the same body. */
export function signedEvent(
  making: Making,
  { path, provider, secret }: SendingRoute,
  arrival: { readonly seq: number; readonly key: number },
  { host, atMs, secure }: { readonly host: string; readonly atMs: number; readonly secure?: boolean | undefined },
): { readonly type: string; readonly headers: Record<string, string>; readonly body: Uint8Array } {
  const { runId, seed, scenario } = making
  const { seq } = arrival
  const id = eventId(runId, seq)
  const sample = sampled(making, provider, arrival)
  const whole = withContent(sample.body, id, seq, seed, scenario)
  const signing = { id, type: sample.type, atMs, url: `${secure ? 'https' : 'http'}://${host}${path}` }
  const body = provider.seal ? provider.seal(whole, secret, signing) : whole
  return { type: sample.type, headers: provider.sign(body, secret, signing), body }
}
