import { isRecorded } from '../plan/identity.ts'
import type { Attempt } from '../records/journal.ts'
import type { RunRecord } from '../records/run-record.ts'
import { providerOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Report } from './report-schema.ts'

type Resent = NonNullable<Report['resent']>

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
