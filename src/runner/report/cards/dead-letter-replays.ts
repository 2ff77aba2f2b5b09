import { z } from 'zod'
import { grouped, inWords, seconds } from '../../../core/base/words.ts'
import { Groups } from '../../../core/dead-letters/groups.ts'
import { lettersIn, seqsOf } from '../../records/replays.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'
import { LETTER_HEAD, letterGroups, letterRows } from '../letter-groups.ts'

/** Dead letters that a scenario put back on the queue. */
const schema = z.object({
  /** heldBack: left where they are, since the queue would not have delivered them. */
  replays: z.array(
    z.object({ ratePerS: z.number(), fromMs: z.number(), untilMs: z.number(), replayed: count, heldBack: count }),
  ),
  /** Events that were put back, and how many of them have taken effect since. */
  events: count,
  applied: count,
  /** The dead letters that were replayed, as they were before. */
  groups: letterGroups,
})
type Replays = z.infer<typeof schema>

export const deadLetterReplays = defineCard({
  schema,
  make: replaysOf,
  checks: replayChecks,
  checkWords: {
    'dead-letters-replayed': {
      title: 'dead letters replayed',
      measured: ({ replayed, heldBack }) => `${inWords(replayed)}, ${inWords(heldBack)} held back`,
      wanted: () => 'some, 0 held back',
    },
  },
  words({ replays, events, applied, groups }, { audit }) {
    if (events === 0) return { blocks: [] }
    const when = replays.map(
      ({ ratePerS, fromMs, untilMs }) => `from ${seconds(fromMs)} until ${seconds(untilMs)} at up to ${ratePerS}/s`,
    )
    const paragraph = [
      `Buried, then put back on the queue ${when.join(', ')}.`,
      `Since then ${grouped(applied)} of ${grouped(events)} have taken effect; double effects in the whole run: ${audit.duplicateEffects}.`,
      'Their time from accepted to effect has the wait for the replay in it.',
    ].join(' ')
    return {
      blocks: [
        { heading: 'Dead letters that were replayed' },
        { paragraph },
        { head: LETTER_HEAD, rows: letterRows(groups) },
      ],
    }
  },
})

function replaysOf({ folder, record: { runId, startedAtEpochMs, replays }, effects }: JudgedRun): Replays | undefined {
  if (!replays) return undefined
  const groups = new Groups()
  const letters = lettersIn(folder)
  for (const letter of letters) groups.add({ ...letter, atMs: letter.atMs - startedAtEpochMs })
  const seqs = seqsOf(letters, runId)
  const applied = new Set<number>()
  for (const { seq } of effects()) if (seqs.has(seq)) applied.add(seq)
  return { replays: [...replays], events: seqs.size, applied: applied.size, groups: groups.all() }
}

/** Whether the dead letters that a scenario wants replayed all were. */
function replayChecks(
  card: Replays | undefined,
  { scenario }: Pick<JudgedRun, 'scenario'>,
): Check<'dead-letters-replayed'>[] {
  const wanted = (scenario.replays ?? []).filter(({ of }) => of === 'dead-letters').length
  if (wanted === 0) return []
  const done = card?.replays ?? []
  const replayed = done.reduce((sum, one) => sum + one.replayed, 0)
  const heldBack = done.reduce((sum, one) => sum + one.heldBack, 0)
  const ok = done.length === wanted && replayed > 0 && heldBack === 0
  const values = {
    replayed: counted(replayed),
    heldBack: counted(heldBack),
    replays: { count: done.length, of: wanted },
  }
  return [check('dead-letters-replayed', ok, values)]
}
