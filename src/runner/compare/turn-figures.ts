import type { JudgedRun } from '../report/judged-run.ts'
import { Latencies } from '../report/latency/latencies.ts'
import type { Report } from '../report/report-schema.ts'
import { machineUse, shownIn } from '../report/shown.ts'
import { besideOf, usagesOf } from '../report/usage.ts'
import { takeoverOf } from './takeover.ts'
import { NOT_SHOWN, type TurnFigures } from './turn-schema.ts'

type Whose = Pick<TurnFigures, 'scenario' | 'stack' | 'round' | 'folder'>

/** What a comparison keeps of a run. */
export function turnFigures(whose: Whose, run: JudgedRun, report: Report): TurnFigures {
  const { audit, notAccepted, cards } = report
  return {
    ...whose,
    startedAt: report.startedAt,
    verdict: report.verdict,
    failed: report.checks.filter(({ ok }) => ok === false).map(({ id }) => id),
    planned: audit.planned,
    waits: waitsOf(run, report),
    cpuPer1000: cpuOf(run, report),
    bytesPer1000: bytesOf(run, report),
    takeoverMs: takeoverOf(run),
    harm: {
      lost: audit.lost,
      doubled: audit.duplicateEffects,
      altered: audit.altered,
      reordered: (report.durability?.queue.order ?? 'none') === 'none' ? 0 : audit.reordered,
      unexpected: audit.unexpected,
    },
    notAccepted,
    recoveredMs: cards.delivery?.recoveredMs ?? null,
    durability: report.durability
      ? { queue: shownIn(report, 'queue'), ledger: shownIn(report, 'ledger') }
      : { queue: NOT_SHOWN, ledger: NOT_SHOWN },
    machine: machineUse(report),
  }
}

/**
 * Percentiles as they came out, without an interval: in a comparison the run is the unit, and how far runs differ is seen in
 * the runs.
 */
function waitsOf(run: JudgedRun, { latency }: Report): TurnFigures['waits'] {
  const window = latency.phases.find(({ peak }) => peak) ?? { fromMs: 0, untilMs: Number.POSITIVE_INFINITY }
  const isIn = (dueMs: number) => dueMs >= window.fromMs && dueMs < window.untilMs
  const answer = new Latencies()
  const event = new Latencies()
  const effect = new Latencies()
  const dueMs = new Float64Array(run.planned).fill(Number.NaN)
  const isAccepted = new Uint8Array(run.planned)
  const isApplied = new Uint8Array(run.planned)
  for (const { seq, attempt, outcome, cause, intendedMs, doneMs } of run.attempts()) {
    if (cause === 'lost-by-sender') continue
    if (!(dueMs[seq]! <= intendedMs)) dueMs[seq] = intendedMs
    if (outcome !== 'accepted' || isAccepted[seq]) continue
    isAccepted[seq] = 1
    if (!isIn(dueMs[seq]!)) continue
    event.record(dueMs[seq]!, doneMs - dueMs[seq]!)
    if (attempt === 1) answer.record(intendedMs, doneMs - intendedMs)
  }
  for (const { seq, atMs } of run.effects()) {
    if (seq >= run.planned || isApplied[seq] || !isIn(dueMs[seq]!)) continue
    isApplied[seq] = 1
    effect.record(dueMs[seq]!, atMs - dueMs[seq]!)
  }
  return {
    p50Ms: answer.sampleQuantileMs(0.5) ?? null,
    p99Ms: answer.sampleQuantileMs(0.99) ?? null,
    eventP99Ms: event.sampleQuantileMs(0.99) ?? null,
    effectP99Ms: effect.sampleQuantileMs(0.99) ?? null,
  }
}

function cpuOf(run: JudgedRun, { processes, generator, audit, cards: { machine } }: Report): TurnFigures['cpuPer1000'] {
  const names = run.record.samples.stack.map(({ name }) => name)
  const ofStack = processes.filter(({ name }) => names.includes(name))
  const stack = ofStack.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  const own = machine?.cpu ? (machine.cpu.own * run.endedAtMs) / 1_000 : null
  const msPer1000 = (seconds: number) => (1_000 * Math.max(0, seconds)) / (Math.max(1, audit.planned) / 1_000)
  const servers = own === null ? null : msPer1000(own - stackWhileSending(run) - generator.cpuSeconds)
  return { stack: msPer1000(stack), servers }
}

function bytesOf({ record, endedAtMs }: JudgedRun, { audit }: Report): TurnFigures['bytesPer1000'] {
  const of = (bytes: number | null | undefined) =>
    bytes === null || bytes === undefined ? null : bytes / (Math.max(1, audit.planned) / 1_000)
  const usages = usagesOf(record, 0, endedAtMs)
  const wires = usages.map(({ servedBytes, askedBytes }) => servedBytes + askedBytes)
  // A process that was started again counts from 0.
  const isWhole = usages.length > 0 && usages.every(({ applied }, at) => applied >= 0 && wires[at]! >= 0)
  const wire = isWhole ? wires.reduce((sum, one) => sum + one, 0) : null
  return { disk: of(besideOf(record, 0, endedAtMs)?.diskBytes), wire: of(wire) }
}

function stackWhileSending({ record, endedAtMs }: JudgedRun): number {
  return record.samples.stack.reduce((sum, { samples }) => {
    const last = samples.findLast(({ atMs }) => atMs <= endedAtMs)
    return sum + (last?.cpuSeconds ?? 0) - (samples[0]?.cpuSeconds ?? 0)
  }, 0)
}
