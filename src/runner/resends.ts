import { join } from 'node:path'
import type { PlannedReplay, Scenario } from '../core/scenario.ts'
import type { FaultMark } from './faults.ts'
import { isRecorded } from './identity.ts'
import { type Attempt, readJournal } from './journal.ts'
import type { RunRecord } from './records.ts'
import { providerOf } from './registry.ts'
import type { Report } from './report-schema.ts'
import type { Certificate } from './sender/open-loop.ts'
import type { SenderSetup } from './sender/protocol.ts'
import { attempts } from './timeline.ts'

type Resent = NonNullable<Report['resent']>

/** One sender that sent events again, as run.json keeps it. */
export interface ResendRecord {
  readonly fromMs: number
  readonly certificate: Certificate
}

const journalOf = (folder: string, index: number) => join(folder, `resent-${index}.bin`)

/** A process and a journal of its own for each replay of recorded events: what is sent again is no attempt of the plan. */
export function resendersOf(replays: readonly PlannedReplay[], setup: SenderSetup, folder: string): SenderSetup[] {
  const recorded = replays.filter((one) => one.of === 'recorded')
  return recorded.map(({ at, ratePerS, first }, index) => ({
    ...setup,
    senders: { index: 0, count: 1 },
    journalPath: journalOf(folder, index),
    resend: { atMs: at * setup.durationMs, firstMs: first * setup.durationMs, ratePerS },
  }))
}

export function resendRecordsOf(setups: readonly SenderSetup[], certificates: readonly Certificate[]): ResendRecord[] {
  return certificates.map((certificate, at) => ({ fromMs: setups[at]!.resend!.atMs, certificate }))
}

/** For the report's time axis. */
export function resendMarks(resends: readonly ResendRecord[]): FaultMark[] {
  return resends.map(({ fromMs, certificate: { sent, endedAtMs: untilMs } }) => ({
    what: `replay: ${sent} recorded events`,
    fromMs,
    untilMs,
  }))
}

/** Every attempt at sending an event again. */
export function* resentAttempts(
  folder: string,
  { resends = [] }: Pick<RunRecord, 'resends'>,
  planned: number,
): Generator<Readonly<Attempt>> {
  for (const index of resends.keys()) {
    for (const attempt of readJournal(journalOf(folder, index))) if (attempt.seq < planned) yield attempt
  }
}

/** For the audit: an event may be accepted only when it comes again. */
export function* everyAttempt(folder: string, record: RunRecord, planned: number): Generator<Readonly<Attempt>> {
  yield* attempts(folder, record.certificates.length, planned)
  yield* resentAttempts(folder, record, planned)
}

/** What became of the events that were sent again: by provider, and by how they were signed. */
export async function resentIn(
  scenario: Scenario,
  record: RunRecord,
  again: Iterable<Readonly<Attempt>>,
): Promise<Resent> {
  if (!record.resends?.length) return []
  const rows = await Promise.all(
    scenario.mix.map(async ({ provider }) => {
      const { staleAfterMs } = await providerOf(provider)
      const none = { sent: 0, accepted: 0, refusedAsStale: 0, otherwise: 0 }
      const row = (signature: 'fresh' | 'recorded') => ({ provider, signature, ...none })
      return {
        fresh: { ...row('fresh'), wanted: 'accepted' as const },
        recorded: { ...row('recorded'), wanted: staleAfterMs === undefined ? 'accepted' : 'refused' } as const,
      }
    }),
  )
  const counted: Resent = rows.flatMap(({ fresh, recorded }) => [{ ...fresh }, { ...recorded }])
  for (const { seq, provider, outcome, status } of again) {
    const row = counted[2 * provider + (isRecorded(record.setup.seed, seq) ? 1 : 0)]!
    if (outcome !== 'unsent') row.sent++
    if (outcome === 'accepted') row.accepted++
    else if (status === 400 || status === 401) row.refusedAsStale++
    else row.otherwise++
  }
  return counted
}

/** Nothing is left to chance: each must end as its provider documents it. */
export function resentChecks(resent: Resent, { resends = [] }: RunRecord): Report['checks'] {
  if (resends.length === 0) return []
  const check = (name: string, rows: Resent, is: (row: Resent[number]) => number) => {
    const sent = rows.reduce((sum, row) => sum + row.sent, 0)
    const right = rows.reduce((sum, row) => sum + is(row), 0)
    if (rows.length === 0) return []
    const measured = `${right} of ${sent}`
    return [{ check: name, ok: sent > 0 && right === sent, measured, wanted: 'all, and some', about: 'stack' as const }]
  }
  const of = (signature: string, wanted: string) =>
    resent.filter((row) => row.signature === signature && row.wanted === wanted)
  const unsent = resends.reduce((sum, { certificate: { unsent } }) => sum + unsent, 0)
  const gaveUp = resends.some(({ certificate }) => certificate.gaveUp)
  return [
    {
      check: 'every event was sent again that should be',
      ok: unsent === 0 && !gaveUp,
      measured: `${unsent} unsent`,
      wanted: '0 unsent',
      about: 'generator',
    },
    ...check('sent again with a fresh signature: accepted', of('fresh', 'accepted'), ({ accepted }) => accepted),
    ...check('recorded, no time signed: accepted', of('recorded', 'accepted'), ({ accepted }) => accepted),
    ...check('recorded, an old time signed: refused', of('recorded', 'refused'), (row) => row.refusedAsStale),
  ]
}
