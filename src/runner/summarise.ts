import os from 'node:os'
import type { Scenario } from '../core/scenario.ts'
import { countArrivals } from './arrivals.ts'
import { audit } from './audit.ts'
import { readBuried, readEffects } from './effects-file.ts'
import { type Attempt, readJournal } from './journal.ts'
import { buriedPath, effectsPath, journalPath, type RunRecord } from './records.ts'
import { REPORT_VERSION, type Report } from './report-schema.ts'
import { Latencies, slope } from './stats.ts'
import { checksOf, verdictOf } from './verdict.ts'

const POINTS_MAX = 240
const POINTS_MIN = 30
const STEP_MS = 250
/** Fewer samples than this have no p99 with a confidence interval. */
const P99_SAMPLES_MIN = 400

/** The report of a run, from the raw records in its folder alone. */
export async function summarise(folder: string, record: RunRecord): Promise<Report> {
  const scenario: Scenario = (await import(record.scenario)).default
  const { setup, certificates } = record
  const load = { scenario, durationMs: setup.durationMs, ratePerS: setup.ratePerS, seed: setup.seed }
  const endedAtMs = Math.max(...certificates.map((one) => one.endedAtMs))
  const cutShort = record.interrupted || certificates.some((one) => one.gaveUp)
  const planned = countArrivals(
    load,
    cutShort ? Math.min(...certificates.map((one) => one.endedAtMs)) : setup.durationMs,
  )
  const times = collect(folder, record, planned)
  const buried = readBuried(buriedPath(folder))
  const duplicatesAbsorbed = record.samples.stack.reduce(
    (sum, { samples }) => sum + (samples.at(-1)?.duplicates ?? 0),
    0,
  )
  const counted = audit({
    planned,
    attempts: attempts(folder, certificates.length, planned),
    effects: readEffects(effectsPath(folder)),
    buried,
    duplicatesAbsorbed,
    seed: setup.seed,
    shares: scenario.effects,
  })
  const accepted = counted.applied + counted.buried + counted.lost
  const generator = certify(record, planned, endedAtMs)
  const measured = {
    audit: { ...counted, lossBound95: accepted > 0 && counted.lost === 0 ? 3 / accepted : null },
    latency: times.latency,
    generator,
    setup: {
      ...setup,
      peakPerS: setup.ratePerS * Math.max(...Array.from({ length: 200 }, (_, at) => scenario.shape(at / 200))),
      mix: [...scenario.mix],
    },
    durability: record.durability as Report['durability'],
    tookMs: { sending: endedAtMs, draining: record.drainedMs },
  }
  const { drained, unplannedDeaths } = record
  const checks = checksOf(measured, { drained, unplannedDeaths, passes: scenario.passes })
  const { applied, buried: dead, refused, unsent, unknown, lost } = counted
  const sum = applied + dead + refused + unsent + unknown + lost === planned
  let fromMs = 0
  const phases = scenario.phases.map(({ name, until }) => {
    const phase = { name, fromMs, untilMs: until * setup.durationMs }
    fromMs = phase.untilMs
    return phase
  })
  return {
    version: REPORT_VERSION,
    id: record.id,
    verdict: verdictOf(checks, sum),
    interrupted: record.interrupted,
    checks,
    scenario: {
      name: scenario.name,
      question: scenario.question,
      durationMs: setup.durationMs,
      quick: setup.quick,
      phases,
    },
    ...measured,
    startedAt: record.startedAt,
    timeline: times.timeline,
    processes: processes(record),
    deadLetters: [...Map.groupBy(buried, ({ reason }) => reason)].map(([reason, letters]) => ({
      reason,
      count: letters.length,
    })),
    faults: [...record.faults],
    servers: [...record.servers],
    errors: [...record.errors],
    environment: {
      node: process.version,
      platform: `${os.type()} ${os.release()} ${os.arch()}`,
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    reproduce: record.reproduce,
  }
}

/** What was planned until the run was cut short, when it was: a sender may have sent a little longer than another. */
function* attempts(folder: string, senders: number, planned: number): Generator<Readonly<Attempt>> {
  for (let sender = 0; sender < senders; sender++) {
    for (const attempt of readJournal(journalPath(folder, sender))) if (attempt.seq < planned) yield attempt
  }
}

/** Wide enough for a p99 in the average step, and for no more points than a chart can show; but some points there must be. */
function stepOfMs(durationMs: number, planned: number): number {
  const forP99Ms = Math.min(durationMs / POINTS_MIN, (durationMs * P99_SAMPLES_MIN) / Math.max(1, planned))
  return Math.ceil(Math.max(1, durationMs / POINTS_MAX, forP99Ms) / STEP_MS) * STEP_MS
}

function collect(folder: string, record: RunRecord, planned: number) {
  const { durationMs } = record.setup
  const stepMs = stepOfMs(durationMs, planned)
  const response = new Latencies()
  const service = new Latencies()
  const lateness = new Latencies()
  const acceptToEffect = new Latencies()
  const steps = Array.from({ length: Math.ceil(durationMs / stepMs) }, () => ({
    offered: 0,
    accepted: 0,
    effects: 0,
    latencies: new Latencies(),
  }))
  const doneMs = new Float64Array(planned).fill(Number.NaN)
  const stepOf = (atMs: number) => steps[Math.min(steps.length - 1, Math.max(0, Math.floor(atMs / stepMs)))]!
  for (const attempt of attempts(folder, record.certificates.length, planned)) {
    const step = stepOf(attempt.intendedMs)
    step.offered++
    if (attempt.outcome === 'unsent') continue
    const tookMs = attempt.doneMs - attempt.intendedMs
    response.record(tookMs)
    service.record(attempt.doneMs - attempt.sentMs)
    lateness.record(attempt.sentMs - attempt.intendedMs)
    step.latencies.record(tookMs)
    if (attempt.outcome !== 'accepted') continue
    stepOf(attempt.doneMs).accepted++
    doneMs[attempt.seq] = attempt.doneMs
  }
  for (const { seq, atEpochMs } of readEffects(effectsPath(folder))) {
    const atMs = atEpochMs - record.startAtMs
    if (atMs < durationMs + stepMs) stepOf(atMs).effects++
    const done = doneMs[seq]
    if (done !== undefined && !Number.isNaN(done)) acceptToEffect.record(atMs - done)
  }
  const perS = (count: number) => (count * 1_000) / stepMs
  const points = steps.map(({ offered, accepted, effects, latencies }, at) => {
    const { p50, p99, maxMs } = latencies.percentiles()
    const rates = { offered: perS(offered), accepted: perS(accepted), effects: perS(effects) }
    const atMs = at * stepMs
    return {
      atMs,
      ...rates,
      p50Ms: p50?.ms ?? null,
      p99Ms: p99?.ms ?? null,
      maxMs: maxMs ?? null,
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
  const before = all.filter(({ atEpochMs }) => atEpochMs - record.startAtMs <= atMs)
  return before.length === 0 ? null : before.reduce((a, b) => (b.atEpochMs > a.atEpochMs ? b : a)).backlog
}

function certify({ certificates }: RunRecord, planned: number, endedAtMs: number): Report['generator'] {
  const sum = (of: (one: (typeof certificates)[number]) => number) =>
    certificates.reduce((total, one) => total + of(one), 0)
  const worst = (of: (one: (typeof certificates)[number]) => number) => Math.max(...certificates.map(of))
  const sent = sum((one) => one.sent)
  return {
    offeredPerS: (sent * 1_000) / Math.max(1, endedAtMs),
    achievedRatio: planned === 0 ? 0 : Math.min(1, sent / planned),
    latenessP50Ms: worst((one) => one.latenessP50Ms),
    latenessP99Ms: worst((one) => one.latenessP99Ms),
    latenessMaxMs: worst((one) => one.latenessMaxMs),
    eventLoopUtilization: worst((one) => one.eventLoopUtilization),
    cpuSeconds: sum((one) => one.cpuSeconds),
    connectionsOpenedMax: sum((one) => one.connectionsOpenedMax),
    gaveUp: certificates.some((one) => one.gaveUp),
  }
}

function processes(record: RunRecord): Report['processes'] {
  const stack = record.samples.stack.map(({ name, samples }) => ({
    name,
    samples: samples.map((one) => ({ ...one, atMs: one.atEpochMs - record.startAtMs })),
  }))
  const senders = record.samples.senders.map((samples, index) => ({ name: `sender ${index + 1}`, samples }))
  return [...stack, ...senders].map(({ name, samples }) => {
    // The first third is growth to working size: heaps, buffers, the log's first segments.
    const settled = samples
      .slice(Math.floor(samples.length / 3))
      .map(({ atMs, rssBytes }) => ({ x: atMs / 60_000, y: rssBytes }))
    const trend = slope(settled)
    return {
      name,
      cpuSeconds: (samples.at(-1)?.cpuSeconds ?? 0) - (samples[0]?.cpuSeconds ?? 0),
      rssMaxBytes: Math.max(0, ...samples.map(({ rssBytes }) => rssBytes)),
      rssSlopeBytesPerMin: trend?.slope ?? null,
      rssSlopeErrorBytesPerMin: trend?.error ?? null,
      samples: samples.slice(1).map(({ atMs, cpuSeconds, rssBytes }, at) => {
        const before = samples[at]!
        return {
          atMs,
          rssBytes,
          cpuShare: Math.max(0, (1_000 * (cpuSeconds - before.cpuSeconds)) / Math.max(1, atMs - before.atMs)),
        }
      }),
    }
  })
}
