import { peakOf } from '../plan/spike.ts'
import { type ReadRun, readRun } from '../records/read-record.ts'
import { replayedIn } from '../records/replays.ts'
import { everyAttempt, resentAttempts } from '../records/resends.ts'
import type { RunRecord } from '../records/run-record.ts'
import { struckByBugs } from '../records/struck-by-bugs.ts'
import { attackChecks, attackOf } from './attack.ts'
import { audit } from './audit.ts'
import { checksOf, verdictOf } from './checks.ts'
import { deadLetterCheck, groupsOf } from './dead-letters.ts'
import { deliveryOf } from './delivery.ts'
import { driftChecks, driftOf } from './drift.ts'
import { payloadChecks, payloadOf } from './payload.ts'
import { ofPlan, reconciledChecks, reconciledOf } from './reconciled.ts'
import { replayedOf } from './replayed.ts'
import { certify, processes } from './report-processes.ts'
import { REPORT_VERSION, type Report } from './report-schema.ts'
import { resentChecks, resentIn } from './resent.ts'
import { collect } from './timeline.ts'
import { replayChecks, undisturbedChecks, undisturbedIn } from './undisturbed.ts'

/** The report of a run, from the raw records in its folder alone. */
export async function summarise(folder: string, record: RunRecord): Promise<Report> {
  const run = await readRun(folder, record)
  const counted = audited(run)
  const measured = await measure(run, counted)
  const special = await specialOf(run, counted)
  const checks = checksFor(run, measured, special)
  const { applied, buried, refused, unsent, unknown, lost, planned } = counted
  const sum = applied + buried + refused + unsent + unknown + lost === planned
  return {
    version: REPORT_VERSION,
    id: record.id,
    verdict: verdictOf(checks, sum),
    interrupted: record.interrupted,
    checks,
    scenario: scenarioOf(run),
    ...measured,
    ...special,
    startedAt: record.startedAt,
    processes: processes(record),
    ...(record.replays && { replays: [...record.replays] }),
    deadLetters: groupsOf(run.buried, record.startAtMs),
    faults: [...record.faults],
    servers: [...record.servers],
    errors: [...record.errors],
    environment: record.environment,
    reproduce: record.reproduce,
  }
}

type Audited = ReturnType<typeof audit>

function audited({ folder, record, scenario, cutShort, planned, expected, buried, effects }: ReadRun): Audited {
  const { stack } = record.samples
  const partly = cutShort && scenario.reconcile !== undefined
  return audit({
    planned,
    attempts: everyAttempt(folder, record, planned),
    effects: partly ? ofPlan(effects(), planned) : effects(),
    buried: partly ? ofPlan(buried, planned) : buried,
    duplicatesAbsorbed: stack.reduce((sum, { samples }) => sum + (samples.at(-1)?.duplicates ?? 0), 0),
    expected,
    ...(record.replays && { replayed: replayedIn(folder, record.runId) }),
  })
}

/** What every run has. */
async function measure(run: ReadRun, counted: Audited) {
  const { folder, record, scenario, planned, endedAtMs } = run
  const { setup } = record
  const { latency, timeline } = collect(folder, record, planned)
  const accepted = counted.applied + counted.buried + counted.lost
  return {
    audit: { ...counted, lossBound95: accepted > 0 && counted.lost === 0 ? 3 / accepted : null },
    latency,
    timeline,
    generator: certify(record, planned - counted.found - counted.neverFound, endedAtMs),
    setup: {
      ...setup,
      peakPerS: setup.ratePerS * peakOf(scenario, record.trace?.length),
      ...(scenario.balancer && { balancerMs: scenario.balancer.tryMs }),
      mix: [...scenario.mix],
    },
    durability: record.durability as Report['durability'],
    tookMs: { sending: endedAtMs, draining: record.drainedMs },
    delivery: await deliveryOf(scenario, record, run.attempts(), timeline),
  }
}

/** What only some scenarios have. */
async function specialOf(run: ReadRun, counted: Audited) {
  const { folder, record, scenario, load, planned, buried } = run
  const reconciled = reconciledOf(record, counted, run.attempts(), run.effects())
  const resent = await resentIn(scenario, record, resentAttempts(folder, record, planned))
  const struck = { effects: scenario.effects, buggy: await struckByBugs({ ...record, module: record.scenario }, load) }
  const undisturbed = undisturbedIn(folder, record, struck, run.attempts())
  const replayed = replayedOf(folder, record, run.effects())
  const drift = driftOf(folder, load, planned, buried)
  return {
    payload: payloadOf(scenario, record, run.attempts(), run.effects()),
    attack: attackOf(record, run.attempts()),
    ...(reconciled && { reconciled }),
    ...(replayed && { replayed }),
    ...(resent.length > 0 && { resent }),
    ...(undisturbed.length > 0 && { undisturbed }),
    ...(drift && { drift }),
  }
}

function checksFor(
  { record, scenario, buried, expected }: ReadRun,
  measured: Awaited<ReturnType<typeof measure>>,
  { payload, attack, reconciled, resent, undisturbed, drift }: Awaited<ReturnType<typeof specialOf>>,
): Report['checks'] {
  const { passes } = scenario
  const { drained, unplannedDeaths } = record
  return [
    ...checksOf(measured, { drained, unplannedDeaths, passes }),
    deadLetterCheck(buried, expected, passes),
    ...payloadChecks(payload, passes),
    ...resentChecks(resent ?? [], record),
    ...replayChecks(scenario, record),
    ...undisturbedChecks(undisturbed ?? [], measured.setup.acceptP99Ms),
    ...attackChecks(attack, measured),
    ...driftChecks(drift),
    ...reconciledChecks(reconciled),
  ]
}

function scenarioOf({ scenario, record }: ReadRun): Report['scenario'] {
  const { durationMs, quick } = record.setup
  let fromMs = 0
  const phases = scenario.phases.map(({ name, until }) => {
    const phase = { name, fromMs, untilMs: until * durationMs }
    fromMs = phase.untilMs
    return phase
  })
  return { name: scenario.name, question: scenario.question, durationMs, quick, phases }
}
