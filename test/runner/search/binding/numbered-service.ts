import { seeded } from '../../../../src/core/contracts/random.ts'
import type { Intervention, Plant, Resource, Stage } from '../../../../src/runner/records/intervention.ts'
import type { Usage } from '../../../../src/runner/report/usage.ts'
import type { TrialRecord } from '../../../../src/runner/search/ceiling-schema.ts'
import { recordOf } from '../trial-records.ts'

/** A service that exists as numbers: what an event takes of each thing that it needs. ms. */
export interface NumberedService {
  /** Of the thread that runs JavaScript, for an event. The rest is work that no intervention repeats. */
  readonly stages: Readonly<Record<Stage | 'http' | 'rest', number>>
  /** Of the verifying threads together, for an event; 0: the thread above verifies. */
  readonly verifyingMs: number
  /** That there are, and what an event takes of them in all. Absent: more than enough. */
  readonly cores?: { readonly most: number; readonly perEventMs: number }
  /** A sync, and the events that go with one at most. */
  readonly sync: { readonly ms: number; readonly events: number }
  /** A publish, the events of one, and how many are under way at most. */
  readonly publish: { readonly ms: number; readonly events: number; readonly most: number }
  /** A batch in a handler's hands, the events of one, and how many are at most. */
  readonly batch: { readonly ms: number; readonly events: number; readonly most: number }
}

export const SOUND: NumberedService = {
  stages: {
    http: 0.03,
    verify: 0.01,
    parse: 0.012,
    encode: 0.003,
    claim: 0.01,
    settle: 0.02,
    effect: 0.01,
    rest: 0.012,
  },
  verifyingMs: 0,
  sync: { ms: 1, events: 500 },
  publish: { ms: 2, events: 200, most: 4 },
  batch: { ms: 10, events: 256, most: 2 },
}

/** The same service with something planted in it. A publish waits for its sync. */
export function plantedIn({
  effectCpuMs = 0,
  verifyCpuMs = 0,
  syncMs = 0,
  publishMs = 0,
  effectMs = 0,
  places,
}: Plant) {
  const { publishesMax: most = 4, publishEventsMax: events = 200, handlersMax = 2, batchEventsMax = 256 } = places ?? {}
  const { stages, sync, publish, batch } = SOUND
  const verify = verifyCpuMs > 0 ? 0 : stages.verify
  return {
    stages: { ...stages, verify, effect: stages.effect + effectCpuMs },
    verifyingMs: verifyCpuMs > 0 ? verifyCpuMs + 0.05 : 0,
    sync: { ms: sync.ms + syncMs, events: most * events },
    publish: { ms: publish.ms + syncMs + publishMs, events, most },
    batch: { ms: effectMs > 0 ? effectMs + 1 : batch.ms, events: batchEventsMax, most: handlersMax },
  } satisfies NumberedService
}

const SPAN_MS = 4_000
/** It accepts so many times as much as it gets done. */
const ACCEPTS = 1.4

function under(service: NumberedService, intervention: Intervention | undefined) {
  const delay = (resource: Resource) =>
    intervention?.what === 'delay' && intervention.resource === resource ? intervention.addMs : 0
  const twice = (stage: Stage) =>
    intervention?.what === 'twice' &&
    (intervention.stage === stage || (stage === 'claim' && intervention.stage === 'settle'))
  const { http, rest, ...stages } = service.stages
  const worked = Object.entries(stages).reduce((sum, [stage, ms]) => sum + ms * (twice(stage as Stage) ? 2 : 1), 0)
  const threadMs = intervention?.what === 'answer-only' ? http : http + rest + worked + delay('receiving-thread')
  return {
    threadMs,
    verifyingMs: service.verifyingMs === 0 ? 0 : service.verifyingMs + delay('verifying-threads'),
    syncMs: service.sync.ms + delay('disk-sync'),
    publishMs: service.publish.ms + delay('queue-latency'),
    batchMs: service.batch.ms + delay('effect-latency'),
  }
}

/** Events a second: the least of what each thing allows. */
export function ceilingOf(service: NumberedService, intervention?: Intervention): number {
  const { threadMs, verifyingMs, syncMs, publishMs, batchMs } = under(service, intervention)
  const { sync, publish, batch, cores } = service
  return Math.min(
    1_000 / threadMs,
    verifyingMs === 0 ? Number.POSITIVE_INFINITY : 1_000 / verifyingMs,
    cores
      ? (1_000 * (cores.most - (intervention?.what === 'fewer-cores' ? 1 : 0))) / cores.perEventMs
      : Number.POSITIVE_INFINITY,
    (1_000 * sync.events) / syncMs,
    (1_000 * publish.events * publish.most) / publishMs,
    (1_000 * batch.events * batch.most) / batchMs,
  )
}

/** Trials of it, with figures that differ by some percent from run to run. */
export function trialsOn(service: NumberedService, seed: number, width = 0.03) {
  const random = seeded(seed)
  const noisy = (value: number) => value * (1 + 0.03 * (random() + random() - 1))
  return (purpose: TrialRecord['purpose'], ratePerS: number, intervention?: Intervention): TrialRecord => {
    const ceilingPerS = ceilingOf(service, intervention)
    const holds = random() < 0.98 / (1 + Math.exp(Math.log(ratePerS / ceilingPerS) / width))
    const donePerS = Math.min(ratePerS, ceilingPerS)
    // A p99 that grows as the load comes near the ceiling.
    const p99Ms = Math.min(4_000, noisy(3 / Math.max(0.002, 1 - ratePerS / ceilingPerS)))
    const response = { count: 9_000, maxMs: 2 * p99Ms, p99: { ms: p99Ms, lowMs: 0.8 * p99Ms, highMs: 1.3 * p99Ms } }
    const isAccepted = ratePerS < ACCEPTS * ceilingPerS
    const clauses = { ...recordOf({ purpose, ratePerS }).clauses, response: isAccepted ? 'passed' : 'failed' } as const
    return recordOf({
      ...{ clauses, acceptedPerS: Math.min(ratePerS, ACCEPTS * ceilingPerS) },
      ...{ response, sampleP99Ms: p99Ms },
      ...{ purpose, ratePerS, donePerS, outcome: holds ? 'passed' : 'failed', limit: holds ? null : 'backlog' },
      ...(intervention && { intervention }),
      cores: service.cores?.most ?? null,
      usages: [usageAt(service, donePerS, intervention, noisy)],
    })
  }
}

function usageAt(
  service: NumberedService,
  perS: number,
  intervention: Intervention | undefined,
  noisy: (value: number) => number,
): Usage {
  const { threadMs, verifyingMs, syncMs, publishMs, batchMs } = under(service, intervention)
  const { sync, publish, batch } = service
  const events = (perS * SPAN_MS) / 1_000
  const flow = (calls: number, ms: number) => ({ calls, items: events, tookMs: calls * ms, inHandMs: calls * ms })
  const none = { calls: 0, items: 0, tookMs: 0, inHandMs: 0 }
  const syncs = Math.max(events / sync.events, Math.min(events, (0.6 * SPAN_MS) / syncMs))
  const [mainCpuMs, threadsCpuMs] = [noisy(events * threadMs), noisy(events * verifyingMs)]
  return {
    ...{
      name: 'receiver + processor',
      spanMs: SPAN_MS,
      cpuMs: service.cores ? noisy(events * service.cores.perEventMs) : mainCpuMs + threadsCpuMs,
      mainCpuMs,
      threadsCpuMs,
    },
    applied: intervention?.what === 'answer-only' ? 0 : events,
    ...{ loopBusy: mainCpuMs / SPAN_MS, loopDelayMaxMs: 10, gcMs: 40, servedBytes: 0, askedBytes: 0 },
    ...{ listenOverflows: 0, syncs, syncMs: noisy(syncs * syncMs) },
    flows: {
      ...{ requests: flow(events, 3), claims: none, settles: none, effects: none },
      publishes: flow(events / publish.events, publishMs),
      // Each event is in hand by itself.
      batches: { calls: events / batch.events, items: events, tookMs: events * batchMs, inHandMs: events * batchMs },
    },
  }
}
