import { z } from 'zod'
import { inWords } from '../../../core/base/words.ts'
import { isRecorded } from '../../plan/identity.ts'
import { type Cell, defineCard } from '../card.ts'
import { type Check, check, counted, generatorCheck } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** A line for each provider and signature, and how its provider documents such events to end. */
const schema = z.array(
  z.object({
    provider: z.string(),
    signature: z.enum(['fresh', 'recorded']),
    wanted: z.enum(['accepted', 'refused']),
    sent: count,
    accepted: count,
    /** Answered with 400 or 401. */
    refusedAsStale: count,
    otherwise: count,
  }),
)
type Resent = z.infer<typeof schema>
type ResentRow = Resent[number]

/** What became of the events that were sent again: by provider, and by how they were signed. */
export const resent = defineCard({
  schema,
  make: resentOf,
  checks: (card, { record }) => (card ? resentChecks(card, record) : []),
  checkWords: {
    'resends-sent': {
      title: 'every event was sent again that should be',
      measured: ({ unsent }) => `${inWords(unsent)} unsent`,
      wanted: () => '0 unsent',
      remedy: 'Lower --rate, or run it on a quieter machine.',
    },
    'resent-fresh': { title: 'sent again with a fresh signature: accepted', wanted: () => ALL },
    'resent-without-time': { title: 'recorded, no time signed: accepted', wanted: () => ALL },
    'resent-stale': { title: 'recorded, an old time signed: refused', wanted: () => ALL },
  },
  words: (rows, { audit }) => ({
    title: 'Sent again',
    blocks: [
      {
        paragraph: `Senders sent events a second time, as a resend button or a captured request would. Of what is accepted none may take effect again: ${audit.duplicatesAbsorbed} deliveries were absorbed, ${audit.duplicateEffects} took effect twice.`,
      },
      { head: HEAD, rows: rows.map(cellsOf) },
    ],
  }),
})

function resentOf({ plan, record, resent: again }: JudgedRun): Resent | undefined {
  if (!record.resends?.length) return undefined
  const counts = plan.sources.flatMap(({ source: provider, staleAfterMs }): Resent => {
    const none = { provider, sent: 0, accepted: 0, refusedAsStale: 0, otherwise: 0 }
    return [
      { ...none, signature: 'fresh', wanted: 'accepted' },
      { ...none, signature: 'recorded', wanted: staleAfterMs === undefined ? 'accepted' : 'refused' },
    ]
  })
  for (const { seq, provider, outcome, status } of again()) {
    const row = counts[2 * provider + (isRecorded(plan.seed, seq) ? 1 : 0)]!
    if (outcome !== 'unsent') row.sent++
    if (outcome === 'accepted') row.accepted++
    else if (status === 400 || status === 401) row.refusedAsStale++
    else row.otherwise++
  }
  return counts
}

/** Nothing is left to chance: each must end as its provider documents it. */
function resentChecks(all: Resent, { resends = [] }: JudgedRun['record']) {
  const of = (signature: ResentRow['signature'], wanted: ResentRow['wanted']) =>
    all.filter((row) => row.signature === signature && row.wanted === wanted)
  const unsent = resends.reduce((sum, { certificate }) => sum + certificate.unsent, 0)
  const gaveUp = resends.some(({ certificate }) => certificate.gaveUp)
  return [
    generatorCheck('resends-sent', unsent === 0 && !gaveUp, { unsent: counted(unsent), exactly: counted(0) }),
    ...asWanted('resent-fresh', of('fresh', 'accepted'), ({ accepted }) => accepted),
    ...asWanted('resent-without-time', of('recorded', 'accepted'), ({ accepted }) => accepted),
    ...asWanted('resent-stale', of('recorded', 'refused'), ({ refusedAsStale }) => refusedAsStale),
  ]
}

function asWanted<const Id extends string>(id: Id, rows: Resent, is: (row: ResentRow) => number): Check<Id>[] {
  if (rows.length === 0) return []
  const sent = rows.reduce((sum, row) => sum + row.sent, 0)
  const right = rows.reduce((sum, row) => sum + is(row), 0)
  return [check(id, sent > 0 && right === sent, { measured: { count: right, of: sent } })]
}

const ALL = 'all, and some'
const HEAD = [
  'provider',
  'signature',
  'sent again',
  'accepted',
  'refused (400, 401)',
  'other answers',
  'its provider documents',
]

function cellsOf({ provider, signature, sent, accepted, refusedAsStale, otherwise, wanted }: ResentRow): Cell[] {
  const signed = signature === 'fresh' ? 'signed anew' : 'as recorded, a day old'
  const documented = wanted === 'accepted' ? 'accepted, absorbed as known' : 'refused as stale'
  return [provider, signed, sent, accepted, refusedAsStale, otherwise, documented]
}
