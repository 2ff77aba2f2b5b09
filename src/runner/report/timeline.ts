import type { Histogram } from 'hdr-histogram-js'
import { latencyHistogram, record as note, percentileMs } from '../records/histogram.ts'
import type { ReadRun } from '../records/read-record.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { CommonReport } from './common-schema.ts'

const POINTS_MAX = 240
const POINTS_MIN = 30
const STEP_MS = 250
/** With fewer samples p99 is the slowest, which is drawn anyway. */
const P99_SAMPLES_MIN = 100
/** In the average step. */
const STEP_SAMPLES = 400

/** Wide enough for a p99 in the average step, and for no more points than a chart can show; but some points there must be. */
function stepOfMs(durationMs: number, planned: number): number {
  const forP99Ms = Math.min(durationMs / POINTS_MIN, (durationMs * STEP_SAMPLES) / Math.max(1, planned))
  return Math.ceil(Math.max(1, durationMs / POINTS_MAX, forP99Ms) / STEP_MS) * STEP_MS
}

type Timeline = Pick<CommonReport, 'timeline' | 'notAccepted'>
type StepCounts = Record<'offered' | 'retries' | 'accepted' | 'effects' | 'refused' | 'unanswered' | 'givenUp', number>
interface Step {
  readonly counts: StepCounts
  readonly latencies: Histogram
  ageMs: number | null
}

/** Rates and latencies over time, from the journals and the effects, and what was not accepted in all. */
export function timelineOf(run: ReadRun): Timeline {
  const { record, planned, attempts } = run
  const { durationMs } = run.plan
  const stepMs = stepOfMs(durationMs, planned)
  const lastMs = Math.max(durationMs, ...record.certificates.map(({ endedAtMs }) => endedAtMs))
  const steps = Array.from({ length: Math.ceil(lastMs / stepMs) }, emptyStep)
  const stepOf = (atMs: number) => steps[Math.min(steps.length - 1, Math.max(0, Math.floor(atMs / stepMs)))]!
  const acceptedMs = new Float64Array(planned).fill(Number.NaN)
  const triedMs = new Float64Array(planned).fill(Number.NaN)
  for (const { seq, attempt, outcome, cause, intendedMs, doneMs } of attempts()) {
    if (cause === 'lost-by-sender') continue
    const due = stepOf(intendedMs)
    due.counts[attempt === 1 ? 'offered' : 'retries']++
    if (outcome === 'unsent' || cause === 'disabled') continue
    const done = stepOf(doneMs)
    triedMs[seq] = Math.max(doneMs, triedMs[seq] || 0)
    if (outcome === 'refused') done.counts.refused++
    if (outcome === 'unknown') done.counts.unanswered++
    if (outcome !== 'accepted') continue
    note(due.latencies, doneMs - intendedMs)
    if (!Number.isNaN(acceptedMs[seq])) continue
    done.counts.accepted++
    acceptedMs[seq] = doneMs
  }
  for (const [seq, atMs] of triedMs.entries()) {
    if (!Number.isNaN(atMs) && Number.isNaN(acceptedMs[seq])) stepOf(atMs).counts.givenUp++
  }
  for (const { seq, atMs } of run.effects()) {
    // A target may tell of an effect without its time.
    if (!(atMs < lastMs + stepMs)) continue
    const step = stepOf(atMs)
    step.counts.effects++
    const ageMs = atMs - (acceptedMs[seq] ?? Number.NaN)
    if (!Number.isNaN(ageMs)) step.ageMs = Math.max(step.ageMs ?? 0, ageMs)
  }
  const all = (of: 'refused' | 'unanswered' | 'givenUp') => steps.reduce((sum, { counts }) => sum + counts[of], 0)
  return {
    notAccepted: { refused: all('refused'), unanswered: all('unanswered'), givenUp: all('givenUp') },
    timeline: { stepMs, points: steps.map((step, at) => pointOf(step, at * stepMs, stepMs, record)) },
  }
}

function emptyStep(): Step {
  const counts = { offered: 0, retries: 0, accepted: 0, effects: 0, refused: 0, unanswered: 0, givenUp: 0 }
  return { counts, latencies: latencyHistogram(), ageMs: null }
}

function pointOf(
  { counts, latencies, ageMs }: Step,
  atMs: number,
  stepMs: number,
  record: RunRecord,
): Timeline['timeline']['points'][number] {
  const rates = Object.entries(counts).map(([name, count]) => [name, (count * 1_000) / stepMs])
  const samples = latencies.totalCount
  return {
    atMs,
    ...(Object.fromEntries(rates) as StepCounts),
    p50Ms: percentileMs(latencies, 50) ?? null,
    p99Ms: samples >= P99_SAMPLES_MIN ? (percentileMs(latencies, 99) ?? null) : null,
    maxMs: percentileMs(latencies, 100) ?? null,
    ageMs,
    backlog: backlogAt(record, atMs + stepMs),
  }
}

function backlogAt(record: RunRecord, atMs: number): number | null {
  const all = record.samples.stack.flatMap(({ samples }) => samples.filter(({ backlog }) => backlog !== null))
  const before = all.filter((sample) => sample.atMs <= atMs)
  return before.length === 0 ? null : before.reduce((a, b) => (b.atMs > a.atMs ? b : a)).backlog
}
