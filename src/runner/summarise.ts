import { countArrivals } from './arrivals.ts'
import { attackChecks, attackOf } from './attack-report.ts'
import { audit } from './audit.ts'
import { deadLetterCheck, groupsOf } from './dead-letters.ts'
import { deliveryOf } from './delivery.ts'
import { driftChecks, driftOf } from './drift/judge.ts'
import { expectedWithDrift } from './drift/plan.ts'
import { readBuried, readEffects } from './effects-file.ts'
import { expectation } from './identity.ts'
import { payloadChecks, payloadOf } from './payload.ts'
import { poisonedOf } from './poison.ts'
import { ofPlan, reconciledChecks, reconciledOf } from './reconciled.ts'
import { buriedPath, effectsPath, type RunRecord } from './records.ts'
import { replayedIn } from './replays.ts'
import { REPORT_VERSION, type Report } from './report-schema.ts'
import { everyAttempt, resentAttempts, resentChecks, resentIn } from './resends.ts'
import { loadScenario } from './scenario-schema.ts'
import { peakOf, withSpike } from './spike.ts'
import { slope } from './stats.ts'
import { attempts, collect } from './timeline.ts'
import { withTrace } from './trace.ts'
import { replayChecks, undisturbedChecks, undisturbedIn } from './undisturbed.ts'
import { checksOf, verdictOf } from './verdict.ts'

/** The report of a run, from the raw records in its folder alone. */
export async function summarise(folder: string, record: RunRecord): Promise<Report> {
  const scenario = withSpike(
    withTrace(await loadScenario(record.scenario, record.scenario), record.trace),
    record.spike,
  )
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
  const expected = expectedWithDrift(load, expectation(setup.seed, scenario))
  const effects = readEffects(effectsPath(folder))
  const counted = audit({
    planned,
    attempts: everyAttempt(folder, record, planned),
    effects: cutShort && scenario.reconcile ? ofPlan(effects, planned) : effects,
    buried: cutShort && scenario.reconcile ? ofPlan(buried, planned) : buried,
    duplicatesAbsorbed,
    expected,
    ...(record.replays && { replayed: replayedIn(folder, record.runId) }),
  })
  const accepted = counted.applied + counted.buried + counted.lost
  const generator = certify(record, planned - counted.found - counted.neverFound, endedAtMs)
  const measured = {
    audit: { ...counted, lossBound95: accepted > 0 && counted.lost === 0 ? 3 / accepted : null },
    latency: times.latency,
    generator,
    setup: {
      ...setup,
      peakPerS: setup.ratePerS * peakOf(scenario, record.trace?.length),
      ...(scenario.balancer && { balancerMs: scenario.balancer.tryMs }),
      mix: [...scenario.mix],
    },
    durability: record.durability as Report['durability'],
    tookMs: { sending: endedAtMs, draining: record.drainedMs },
    delivery: await deliveryOf(scenario, record, attempts(folder, certificates.length, planned), times.timeline),
  }
  const sent = attempts(folder, certificates.length, planned)
  const payload = payloadOf(scenario, record, sent, readEffects(effectsPath(folder)))
  const reconciled = reconciledOf(
    record,
    counted,
    attempts(folder, certificates.length, planned),
    readEffects(effectsPath(folder)),
  )
  const { drained, unplannedDeaths } = record
  const resent = await resentIn(scenario, record, resentAttempts(folder, record, planned))
  const struck = { effects: scenario.effects, poisoned: await poisonedOf({ ...record, module: record.scenario }, load) }
  const undisturbed = undisturbedIn(folder, record, struck, attempts(folder, certificates.length, planned))
  const attack = attackOf(record, attempts(folder, certificates.length, planned))
  const drift = driftOf(folder, load, planned, buried)
  const checks = [
    ...checksOf(measured, { drained, unplannedDeaths, passes: scenario.passes }),
    deadLetterCheck(buried, expected, scenario.passes),
    ...payloadChecks(payload, scenario.passes),
    ...resentChecks(resent, record),
    ...replayChecks(scenario, record),
    ...undisturbedChecks(undisturbed, setup.acceptP99Ms),
    ...attackChecks(attack, measured),
    ...driftChecks(drift),
    ...reconciledChecks(reconciled),
  ]
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
    payload,
    attack,
    ...(reconciled && { reconciled }),
    startedAt: record.startedAt,
    timeline: times.timeline,
    processes: processes(record),
    ...(undisturbed.length > 0 && { undisturbed }),
    ...(resent.length > 0 && { resent }),
    ...(record.replays && { replays: [...record.replays] }),
    deadLetters: groupsOf(buried, record.startAtMs),
    faults: [...record.faults],
    ...(drift && { drift }),
    servers: [...record.servers],
    errors: [...record.errors],
    environment: record.environment,
    reproduce: record.reproduce,
  }
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
    unsentRetries: sum((one) => one.unsentRetries),
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
