import type { Attempt } from '../records/journal.ts'
import { type ReadRun, readRun } from '../records/read-record.ts'
import { replayedIn } from '../records/replays.ts'
import { everyAttempt, resentAttempts } from '../records/resends.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Audited, Bad } from './audit/account.ts'
import { clockOffMs } from './audit/altered.ts'
import { audit } from './audit/audit.ts'
import type { CommonReport } from './common-schema.ts'
import { latencyOf } from './latency/families.ts'
import { timelineOf } from './timeline.ts'

/** A run as every card sees it: its raw records, its plan, and what all cards go by. */
export interface JudgedRun extends ReadRun {
  readonly settings: RunRecord['settings']
  readonly setup: RunRecord['setup']
  readonly audit: Audited
  /** Every event that must not be, as the audit tells of it. */
  readonly bad: readonly Bad[]
  readonly latency: CommonReport['latency']
  /** Of accepted first attempts, as it came out. */
  readonly sampleP99Ms: number | undefined
  readonly timeline: CommonReport['timeline']
  readonly notAccepted: CommonReport['notAccepted']
  /** Attempts at sending an event again, beside those of the plan. Read anew by every call, as all attempts are. */
  resent(): Iterable<Readonly<Attempt>>
}

export function judgedRun(folder: string, record: RunRecord): JudgedRun {
  const run = readRun(folder, record)
  const bad: Bad[] = []
  return {
    ...run,
    ...latencyOf(run),
    ...timelineOf(run),
    settings: record.settings,
    setup: record.setup,
    audit: audited(run, (one) => bad.push(one)),
    bad,
    resent: () => resentAttempts(folder, record, run.planned),
  }
}

function audited(run: ReadRun, onBad: (bad: Bad) => void): Audited {
  const { folder, record, scenario, events, cutShort, planned, followed, expected, buried, effects } = run
  const last = record.samples.stack.map(({ samples }) => samples.at(-1))
  return audit({
    planned,
    eventAt: (seq) => events.at(seq),
    // An event of which a target has not told, and cannot be asked, may be lost or not.
    followed: followed && record.told?.unread === undefined,
    attempts: everyAttempt(folder, record, planned),
    effects: cutShort ? ofPlan(effects(), planned) : effects(),
    buried: cutShort ? ofPlan(buried, planned) : buried,
    duplicatesAbsorbed: last.reduce((sum, sample) => sum + (sample?.duplicates ?? 0), 0),
    differingCopies: last.reduce((sum, sample) => sum + (sample?.differing ?? 0), 0),
    expected,
    onBad,
    startedAtEpochMs: record.startedAtEpochMs,
    reconciled: scenario.reconcile !== undefined,
    clockOffMs: clockOffMs(scenario.faults) + steppedMs(record),
    ...(record.replays && { replayed: replayedIn(folder, record.runId) }),
  })
}

/** By so much the wall clock was set while the run went on, all in all; receivers tell their time by it. */
function steppedMs({ machine }: RunRecord): number {
  return (machine?.samples ?? []).reduce((sum, { wallDriftMs }) => sum + Math.abs(wallDriftMs), 0)
}

/** Without events that came after the run was cut short, from a list or from a sender that went on: they belong to no plan any more. */
function* ofPlan<T extends { readonly seq: number | undefined }>(items: Iterable<T>, planned: number): Generator<T> {
  for (const item of items) if (item.seq === undefined || item.seq < planned) yield item
}
