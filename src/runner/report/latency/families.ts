import { z } from 'zod'
import type { Attempt } from '../../records/journal.ts'
import type { ReadRun } from '../../records/read-record.ts'
import { peakOf, phasesOf } from '../phases.ts'
import { Latencies } from './latencies.ts'
import { percentiles } from './percentiles.ts'

/**
 * Three families of waits, which are never mixed: attempts that were accepted, attempts that were refused, and events. A
 * refusal is quick and helps nobody; an attempt that is accepted at last says nothing of how long its event was on the way.
 */
export const latencySchema = z.object({
  /** From due to the answer's last byte, of attempts that were answered with 2xx: first attempts, and all of them. */
  accepted: z.object({ first: percentiles, all: percentiles }),
  /** From due to the refusal. */
  refused: percentiles,
  /** From an event's first due time, across its retries: to its first 2xx, and to its effect. */
  event: z.object({ toAccepted: percentiles, toEffect: percentiles }),
  /** From sending to the answer, and from due to sending, of attempts that were sent. */
  service: percentiles,
  lateness: percentiles,
  /** From when the sender had read its first 2xx to the effect; less than 0 where the effect came before. */
  acceptToEffect: percentiles,
  /** By when the event was first due. */
  phases: z.array(
    z.object({
      name: z.string(),
      fromMs: z.number(),
      untilMs: z.number(),
      /** The load was highest, and well above its mean. */
      peak: z.boolean(),
      acceptedFirst: percentiles,
      eventToAccepted: percentiles,
      eventToEffect: percentiles,
    }),
  ),
})
export type Latency = z.infer<typeof latencySchema>

/** When each event was first due, first accepted and first took effect, ms since the start; NaN: never. */
interface EventTimes {
  readonly dueMs: Float64Array
  readonly acceptedMs: Float64Array
  readonly effectMs: Float64Array
}

/** The waits of a run, and the p99 of its accepted first attempts as it came out, without a word on how far it is true. */
export function latencyOf(run: ReadRun): { readonly latency: Latency; readonly sampleP99Ms: number | undefined } {
  const first = new Latencies()
  const all = new Latencies()
  const refused = new Latencies()
  const service = new Latencies()
  const lateness = new Latencies()
  const inPhases = phaseLatencies(run)
  for (const attempt of sentOf(run.attempts())) {
    const { outcome, intendedMs, sentMs, doneMs } = attempt
    const tookMs = doneMs - intendedMs
    service.record(intendedMs, doneMs - sentMs)
    lateness.record(intendedMs, sentMs - intendedMs)
    if (outcome === 'refused') refused.record(intendedMs, tookMs)
    if (outcome !== 'accepted') continue
    all.record(intendedMs, tookMs)
    if (attempt.attempt !== 1) continue
    first.record(intendedMs, tookMs)
    inPhases.at(intendedMs).acceptedFirst.record(intendedMs, tookMs)
  }
  const latency = {
    accepted: { first: first.percentiles(), all: all.percentiles() },
    refused: refused.percentiles(),
    service: service.percentiles(),
    lateness: lateness.percentiles(),
    ...eventWaits(eventTimes(run), inPhases),
    phases: inPhases.percentiles(),
  }
  return { latency, sampleP99Ms: first.sampleQuantileMs(0.99) }
}

/** Attempts that left the sender. */
function* sentOf(attempts: Iterable<Readonly<Attempt>>): Generator<Readonly<Attempt>> {
  for (const attempt of attempts) if (attempt.outcome !== 'unsent' && attempt.cause !== 'disabled') yield attempt
}

function eventTimes({ planned, attempts, effects }: ReadRun): EventTimes {
  const never = () => new Float64Array(planned).fill(Number.NaN)
  const times = { dueMs: never(), acceptedMs: never(), effectMs: never() }
  // Math.min keeps a NaN.
  const keepFirst = (of: Float64Array, seq: number, atMs: number) => {
    if (!(of[seq]! <= atMs)) of[seq] = atMs
  }
  for (const { seq, outcome, cause, intendedMs, doneMs } of attempts()) {
    if (cause === 'lost-by-sender') continue
    keepFirst(times.dueMs, seq, intendedMs)
    if (outcome === 'accepted') keepFirst(times.acceptedMs, seq, doneMs)
  }
  for (const { seq, atMs } of effects()) if (seq < planned) keepFirst(times.effectMs, seq, atMs)
  return times
}

function eventWaits({ dueMs, acceptedMs, effectMs }: EventTimes, inPhases: ReturnType<typeof phaseLatencies>) {
  const toAccepted = new Latencies()
  const toEffect = new Latencies()
  const acceptToEffect = new Latencies()
  for (let seq = 0; seq < dueMs.length; seq++) {
    const [due, accepted, effect] = [dueMs[seq]!, acceptedMs[seq]!, effectMs[seq]!]
    if (Number.isNaN(due)) continue
    const phase = inPhases.at(due)
    phase.came++
    if (!Number.isNaN(accepted)) {
      toAccepted.record(due, accepted - due)
      phase.eventToAccepted.record(due, accepted - due)
    }
    if (Number.isNaN(effect)) continue
    toEffect.record(due, effect - due)
    phase.eventToEffect.record(due, effect - due)
    if (!Number.isNaN(accepted)) acceptToEffect.record(due, effect - accepted)
  }
  return {
    event: { toAccepted: toAccepted.percentiles(), toEffect: toEffect.percentiles() },
    acceptToEffect: acceptToEffect.percentiles(),
  }
}

function phaseLatencies({ scenario, plan: { durationMs } }: ReadRun) {
  const phases = phasesOf(scenario, durationMs).map((phase) => ({
    ...phase,
    came: 0,
    acceptedFirst: new Latencies(),
    eventToAccepted: new Latencies(),
    eventToEffect: new Latencies(),
  }))
  return {
    at: (dueMs: number) => phases.find(({ untilMs }) => dueMs < untilMs) ?? phases.at(-1)!,
    percentiles(): Latency['phases'] {
      const peak = peakOf(phases, ({ came }) => came)
      return phases.map((phase) => ({
        name: phase.name,
        fromMs: phase.fromMs,
        untilMs: phase.untilMs,
        peak: phase === peak,
        acceptedFirst: phase.acceptedFirst.percentiles(),
        eventToAccepted: phase.eventToAccepted.percentiles(),
        eventToEffect: phase.eventToEffect.percentiles(),
      }))
    },
  }
}
