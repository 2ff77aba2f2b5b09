import { basename } from 'node:path'
import { shownUrl } from '../../core/base/kit/address.ts'
import { leastOf } from '../../core/base/kit/extremes.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { Certificate } from '../records/facts.ts'
import { type Attempt, emptyAttempt, openJournal } from '../records/journal.ts'
import { readPlan, retimePlan } from '../records/plan-file.ts'
import type { RunEvents } from '../records/run-events.ts'
import { journalPath, type RunRecord, writeRecord } from '../records/run-record.ts'
import { environmentNow } from '../run/compose-record.ts'
import { follow, LOOK_MS } from '../run/follow-target.ts'
import { type Feed, openFeed } from '../target/feed.ts'
import { type Exported, readExported } from './exported.ts'
import { type K6Points, readPoints } from './points.ts'

export interface ImportOptions {
  /** What k6 wrote, and the plan folder of the export. */
  readonly points: string
  readonly plan: string
  /** The run's new folder. */
  readonly folder: string
  /** Where the target tells of its effects. */
  readonly effects: string | undefined
  readonly events: RunEvents
  readonly interrupt: AbortSignal
}

/**
 * Turns k6's raw points into the records of a run against a target. k6 tells no times at which its requests were due, so every wait
 * counts from sending. An iteration that it dropped is an event that was not sent.
 */
export async function importK6(options: ImportOptions): Promise<RunRecord> {
  const { plan: from, effects } = options
  const exported = readExported(from)
  const feed = effects === undefined ? undefined : openFeed(effects, exported.runId)
  try {
    // What cannot be read now could not be read afterwards either.
    await feed?.lines()
    return await imported(exported, feed, options)
  } finally {
    feed?.close()
  }
}

async function imported(
  exported: Exported,
  feed: Feed | undefined,
  { points, plan: from, folder, effects, events, interrupt }: ImportOptions,
): Promise<RunRecord> {
  const read = await readPoints(points)
  const startedAtEpochMs = Math.min(leastOf(read.requests.map(({ sentMs }) => sentMs)), leastOf(read.droppedMs))
  const attempts = attemptsOf(read, startedAtEpochMs, readPlan(from).events)
  retimePlan(
    from,
    folder,
    attempts.map(({ intendedMs }) => intendedMs),
    exported,
  )
  const journal = openJournal(journalPath(folder, 0))
  for (const attempt of attempts.toSorted((a, b) => a.doneMs - b.doneMs)) journal.write(attempt)
  journal.close()
  const { scenario } = readPlan(folder).plan
  const followed = feed && {
    ...(await follow({
      ...{ feed, folder, startedAtEpochMs, interrupt, events, lookMs: LOOK_MS.whole },
      plan: { runId: exported.runId, scenario },
      startAtMs: preciseNow() - (Date.now() - startedAtEpochMs),
      journals: [journalPath(folder, 0)],
    })),
    from: shownUrl(effects!),
  }
  const certificate = certificateOf(attempts)
  const record = recordOf(exported, {
    folder,
    points,
    from,
    startedAtEpochMs,
    certificate,
    followed,
    interrupted: interrupt.aborted,
  })
  writeRecord(folder, record)
  return record
}

type FollowedFrom = Awaited<ReturnType<typeof follow>> & { readonly from: string }
type PlannedList = ReturnType<typeof readPlan>['events']

/** Attempts by their number. Those that k6 dropped come last, for they never had one. */
function attemptsOf({ requests, droppedMs }: K6Points, startedAtEpochMs: number, planned: PlannedList): Attempt[] {
  const bySeq = new Map(requests.map((one) => [one.seq, one]))
  const started = 1 + requests.reduce((most, { seq }) => Math.max(most, seq), 0)
  const attempts: Attempt[] = []
  let lastMs = 0
  for (let seq = 0; seq < Math.min(planned.length, started + droppedMs.length); seq++) {
    const { provider, key, bodyBytes } = planned.at(seq)
    const attempt = { ...emptyAttempt(), seq, provider, key }
    const one = bySeq.get(seq)
    if (one) {
      lastMs = one.sentMs - startedAtEpochMs
      const times = { intendedMs: lastMs, sentMs: lastMs, doneMs: one.doneMs - startedAtEpochMs }
      attempts.push({ ...attempt, ...times, bodyBytes, outcome: one.outcome, cause: one.cause, status: one.status })
    } else if (seq < started) {
      // It began, and was cut off with k6: nobody knows what became of it.
      const times = { intendedMs: lastMs, sentMs: lastMs, doneMs: lastMs }
      attempts.push({ ...attempt, ...times, bodyBytes, outcome: 'unknown', cause: 'reset' })
    } else {
      const atMs = droppedMs[seq - started]! - startedAtEpochMs
      attempts.push({ ...attempt, intendedMs: atMs, sentMs: atMs, doneMs: atMs, outcome: 'unsent', cause: 'too-late' })
    }
  }
  return attempts
}

/** What k6 does not tell of itself is 0 here, and the report leaves it out. */
function certificateOf(attempts: readonly Attempt[]): Certificate {
  const sent = attempts.filter(({ outcome }) => outcome !== 'unsent').length
  return {
    ...{ planned: attempts.length, sent, unsent: attempts.length - sent, retries: 0, unsentRetries: 0, cutOff: 0 },
    ...{ latenessP50Ms: 0, latenessP99Ms: 0, latenessMaxMs: 0, eventLoopUtilization: 0, cpuSeconds: 0 },
    ...{ connectionsOpenedMax: 0, connectionsMax: 0, gaveUp: false },
    endedAtMs: attempts.reduce((last, { doneMs }) => Math.max(last, doneMs), 0),
    waiting: { events: 0, retries: 0 },
    machineOut: { descriptors: 0, ports: 0 },
  }
}

interface Imported {
  readonly folder: string
  readonly points: string
  readonly from: string
  readonly startedAtEpochMs: number
  readonly certificate: Certificate
  readonly followed: FollowedFrom | undefined
  readonly interrupted: boolean
}

function recordOf(exported: Exported, { folder, points, from, certificate, followed, ...known }: Imported): RunRecord {
  const { runId, settings, ratePerS, rateChosen, durationMs, acceptP99Ms } = exported
  const lookMs = followed?.lookMs ?? 0
  return {
    id: basename(folder),
    runId,
    ...known,
    settings,
    setup: { ratePerS, rateChosen, durationMs, acceptP99Ms, processes: 0, leaseMs: 0, lookMs },
    target: { address: settings.target! },
    sentBy: 'k6',
    ...(followed && { told: { from: followed.from, ...followed.told } }),
    certificates: [certificate],
    drained: followed?.drained ?? true,
    lookedUntilMs: followed?.lookedUntilMs ?? certificate.endedAtMs,
    faults: [],
    samples: { stack: [], senders: [[]] },
    attacks: [],
    unplannedDeaths: 0,
    servers: [],
    errors: followed?.told.unread ? [followed.told.unread] : [],
    environment: environmentNow(),
    reproduce: `npm run import:k6 -- ${points} --plan ${from}`,
  }
}
