import type { ReadRun } from '../records/read-record.ts'
import type { RunRecord } from '../records/run-record.ts'
import { Latencies } from './stats.ts'

const POINTS_MAX = 240
const POINTS_MIN = 30
const STEP_MS = 250
/** Fewer samples than this have no p99 with a confidence interval. */
const P99_SAMPLES_MIN = 400

/** Wide enough for a p99 in the average step, and for no more points than a chart can show; but some points there must be. */
function stepOfMs(durationMs: number, planned: number): number {
  const forP99Ms = Math.min(durationMs / POINTS_MIN, (durationMs * P99_SAMPLES_MIN) / Math.max(1, planned))
  return Math.ceil(Math.max(1, durationMs / POINTS_MAX, forP99Ms) / STEP_MS) * STEP_MS
}

export type Timeline = ReturnType<typeof collect>

/** Latencies and rates over time, from the journals and the effects. */
export function collect({ record, plan: { durationMs }, planned, attempts, effects }: ReadRun) {
  const stepMs = stepOfMs(durationMs, planned)
  const response = new Latencies()
  const service = new Latencies()
  const lateness = new Latencies()
  const acceptToEffect = new Latencies()
  const lastMs = Math.max(durationMs, ...record.certificates.map(({ endedAtMs }) => endedAtMs))
  const steps = Array.from({ length: Math.ceil(lastMs / stepMs) }, () => ({
    offered: 0,
    retries: 0,
    accepted: 0,
    effects: 0,
    ageMs: null as number | null,
    latencies: new Latencies(),
  }))
  const doneMs = new Float64Array(planned).fill(Number.NaN)
  const stepOf = (atMs: number) => steps[Math.min(steps.length - 1, Math.max(0, Math.floor(atMs / stepMs)))]!
  for (const attempt of attempts()) {
    if (attempt.cause === 'lost-by-sender') continue
    const step = stepOf(attempt.intendedMs)
    if (attempt.attempt === 1) step.offered++
    else step.retries++
    if (attempt.outcome === 'unsent' || attempt.cause === 'disabled') continue
    const tookMs = attempt.doneMs - attempt.intendedMs
    response.record(tookMs)
    service.record(attempt.doneMs - attempt.sentMs)
    lateness.record(attempt.sentMs - attempt.intendedMs)
    step.latencies.record(tookMs)
    if (attempt.outcome !== 'accepted' || !Number.isNaN(doneMs[attempt.seq])) continue
    stepOf(attempt.doneMs).accepted++
    doneMs[attempt.seq] = attempt.doneMs
  }
  for (const { seq, atMs } of effects()) {
    const step = atMs < lastMs + stepMs ? stepOf(atMs) : undefined
    if (step) step.effects++
    const done = doneMs[seq]
    if (done === undefined || Number.isNaN(done)) continue
    acceptToEffect.record(atMs - done)
    if (step) step.ageMs = Math.max(step.ageMs ?? 0, atMs - done)
  }
  const perS = (count: number) => (count * 1_000) / stepMs
  const points = steps.map(({ offered, retries, accepted, effects, ageMs, latencies }, at) => {
    const { p50, p99, maxMs } = latencies.percentiles()
    const rates = { offered: perS(offered), retries: perS(retries), accepted: perS(accepted), effects: perS(effects) }
    const atMs = at * stepMs
    return {
      atMs,
      ...rates,
      p50Ms: p50?.ms ?? null,
      p99Ms: p99?.ms ?? null,
      maxMs: maxMs ?? null,
      ageMs,
      backlog: backlogAt(record, atMs + stepMs),
    }
  })
  const latency = {
    response: response.percentiles(),
    service: service.percentiles(),
    lateness: lateness.percentiles(),
    acceptToEffect: acceptToEffect.percentiles(),
  }
  return { latency, timeline: { stepMs, points } }
}

function backlogAt(record: RunRecord, atMs: number): number | null {
  const all = record.samples.stack.flatMap(({ samples }) => samples.filter(({ backlog }) => backlog !== null))
  const before = all.filter((sample) => sample.atMs <= atMs)
  return before.length === 0 ? null : before.reduce((a, b) => (b.atMs > a.atMs ? b : a)).backlog
}
