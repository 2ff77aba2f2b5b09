import type { RunRecord } from '../records/run-record.ts'
import { badEvents, shownOf } from './audit/bad-events.ts'
import { cardNames, cardOf } from './cards/index.ts'
import { asFarAsTold, checksOf } from './checks.ts'
import { drainingMsOf } from './draining.ts'
import { type JudgedRun, judgedRun } from './judged-run.ts'
import { latencyMarks } from './latency/marks.ts'
import { phasesOf } from './phases.ts'
import { certify, processes } from './report-processes.ts'
import { REPORT_VERSION, type Report } from './report-schema.ts'
import { survivalOf } from './shown-durability.ts'
import { verdictOf } from './verdict.ts'

/** The report of a run, from the raw records in its folder alone. */
export async function summarise(folder: string, record: RunRecord): Promise<Report> {
  return reportOf(judgedRun(folder, record))
}

/** The report of a run that has been read. */
export async function reportOf(run: JudgedRun): Promise<Report> {
  const { record } = run
  const made = await Promise.all(cardNames.map(async (name) => [name, await cardOf(name).make(run)] as const))
  const cards = Object.fromEntries(made) as Report['cards']
  const measured = measuredOf(run)
  const all = [...checksOf(measured, run), ...made.flatMap(([name, card]) => cardOf(name).checks(card, run))]
  const checks = record.told?.unread === undefined ? all : all.map(asFarAsTold)
  return {
    version: REPORT_VERSION,
    id: record.id,
    verdict: verdictOf(checks),
    interrupted: record.interrupted,
    checks,
    scenario: scenarioOf(run),
    ...measured,
    badEvents: { count: run.bad.length, first: [...badEvents(run, shownOf(run.bad))] },
    startedAt: new Date(record.startedAtEpochMs).toISOString(),
    timeline: run.timeline,
    processes: processes(record),
    cards,
    faults: [...record.faults],
    servers: [...record.servers],
    errors: [...record.errors],
    environment: record.environment,
    reproduce: record.reproduce,
  }
}

/** What every run has, and its checks go by. */
function measuredOf(run: JudgedRun) {
  const { record, plan, scenario, settings, setup, planned, endedAtMs, audit, latency, notAccepted } = run
  const accepted = audit.applied + audit.buried + audit.lost + audit.altered
  const durability = durabilityOf(record)
  return {
    audit: { ...audit, lossBound95: accepted > 0 && audit.lost + audit.unfollowed === 0 ? 3 / accepted : null },
    latency,
    notAccepted,
    generator: certify(record, planned - audit.found - audit.neverFound, endedAtMs),
    settings,
    setup: {
      ...setup,
      ...latencyMarks(scenario, setup.acceptP99Ms),
      peakPerS: plan.peakPerS,
      ...(scenario.balancer && { balancerMs: scenario.balancer.tryMs }),
      mix: [...scenario.mix],
    },
    ...(durability && { durability }),
    ...(record.sentBy && { sentBy: record.sentBy }),
    ...(record.target && { target: { address: record.target.address, followed: run.followed } }),
    tookMs: { sending: endedAtMs, draining: drainingMsOf(run) },
  }
}

/** As far as it was shown, which may be less than the drivers promise. */
function durabilityOf({ durability }: RunRecord): Report['durability'] {
  if (!durability) return undefined
  const { queue, ledger } = durability
  return {
    queue: {
      server: queue.server,
      survives: [...survivalOf(queue).survives],
      order: queue.order,
      shared: queue.shared,
    },
    ledger: { server: ledger.server, survives: [...survivalOf(ledger).survives], shared: ledger.shared },
  }
}

function scenarioOf({ scenario, settings: { quick }, setup: { durationMs } }: JudgedRun): Report['scenario'] {
  const phases = phasesOf(scenario, durationMs)
  return { name: scenario.name, question: scenario.question, durationMs, quick, phases }
}
