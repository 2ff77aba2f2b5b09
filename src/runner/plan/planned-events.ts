import { matches } from '../faults/fault-kind.ts'
import type { FaultKinds } from '../faults/index.ts'
import type { DriftKind, Scenario } from '../scenario/scenario.ts'
import { arrivals, type Load } from './arrivals.ts'
import { bugsOf } from './bugs.ts'
import { driftKindOf, wantedOf } from './drift-plan.ts'
import { claimOf } from './event-content.ts'
import { type ContentDigests, contentDigests } from './event-digests.ts'
import { fateOf, isLostBySender } from './identity.ts'
import { plannedContent, type SourceRoute } from './planned-content.ts'

/** What a plan says of one event before anything is sent. */
export interface PlannedEvent {
  readonly seq: number
  readonly dueMs: number
  /** Position in the scenario's mix. */
  readonly provider: number
  /** Rank of the ordering key. */
  readonly key: number
  readonly type: string
  readonly bodyBytes: number
  readonly digests: ContentDigests
  /** Accepted, it must end as a dead letter. */
  readonly doomed: boolean
  readonly failsOnce: boolean
  readonly lostBySender: boolean
  /** It refers to its content. */
  readonly hasContent: boolean
  /** A bug strikes its provider and type while it lasts. */
  readonly struck: boolean
  readonly drift: DriftKind | undefined
}

/** `timedHeaders`: names of kept headers that tell when a request was signed. */
export type TimedRoute = SourceRoute & { readonly timedHeaders: readonly string[] }

export interface Planning {
  readonly runId: string
  readonly load: Load & { readonly scenario: Pick<Scenario, 'effects' | 'faults'> }
  /** By position in the mix. */
  readonly routes: readonly TimedRoute[]
  readonly faultKinds?: FaultKinds
}

/** Every event of a run, in order of time: a function of scenario, seed and secrets, and of nothing that a run does. */
export function* plannedEvents({ runId, load, routes, faultKinds }: Planning): Generator<PlannedEvent> {
  const { seed, scenario } = load
  const driftOf = driftKindOf(load)
  const making = { runId, seed, scenario, drift: driftOf }
  const bugs = bugsOf(scenario, faultKinds)
  for (const { seq, intendedMs, provider, key: rank } of arrivals(load)) {
    const route = routes[provider]!
    const content = plannedContent(making, route, { seq, key: rank })
    const { type, body } = content
    const { provider: name } = scenario.mix[provider]!
    const claim = claimOf(seed, seq, scenario)
    const fate = fateOf(seed, seq, scenario.effects)
    const drift = driftOf(seq)
    const rejected = drift !== undefined && wantedOf(drift, scenario.drift!.strict.includes(name)) === 'rejected'
    yield {
      seq,
      dueMs: intendedMs,
      provider,
      key: rank,
      type,
      bodyBytes: body.length,
      digests: contentDigests(content, route.timedHeaders),
      doomed: rejected || fate === 'fails-always' || claim?.altered === true,
      failsOnce: fate === 'fails-once',
      lostBySender: isLostBySender(seed, seq, scenario),
      hasContent: claim !== undefined,
      struck: bugs.some((bug) => matches(bug, { source: name, type })),
      drift,
    }
  }
}
