import type { z } from 'zod'
import { inWords } from '../../../core/base/words.ts'
import { Groups, LETTER_THRESHOLDS } from '../../../core/dead-letters/groups.ts'
import type { Expected } from '../../plan/identity.ts'
import type { Buried } from '../../records/effects-file.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted } from '../check.ts'
import { LETTER_HEAD, letterGroups, letterRows } from '../letter-groups.ts'

type DeadLetters = z.infer<typeof letterGroups>

/** What lay in the dead letters at the end. */
export const deadLetters = defineCard({
  schema: letterGroups,
  make: ({ buried, record }) => (buried.length === 0 ? undefined : groupsOf(buried, record.startedAtEpochMs)),
  checks: (_, { buried, expected, scenario, followed }) =>
    followed ? [deadLetterCheck(buried, expected, scenario.passes)] : [],
  checkWords: {
    'dead-letters-unplanned': {
      title: 'dead letters beyond those planned',
      wanted: ({ warnFrom, fewerThan }) => `fewer than ${inWords(fewerThan)}; a warning from ${inWords(warnFrom)} on`,
    },
  },
  words: (groups) => ({
    blocks: [{ heading: 'Dead letters at the end' }, { head: LETTER_HEAD, rows: letterRows(groups) }],
  }),
})

/** By source, type and reason, the largest group first; times since the start of the run. */
export function groupsOf(
  buried: readonly Pick<Buried, 'source' | 'type' | 'reason' | 'atMs'>[],
  startedAtEpochMs: number,
): DeadLetters {
  const groups = new Groups()
  for (const letter of buried) groups.add({ ...letter, atMs: letter.atMs - startedAtEpochMs })
  return groups.all()
}

/** Whether there are more dead letters than the plan dooms, and how many more. A warning does not fail a run. */
export function deadLetterCheck(
  buried: readonly Pick<Buried, 'seq'>[],
  expected: (seq: number) => Expected,
  passes: Scenario['passes'],
): Check<'dead-letters-unplanned'> {
  const { warn, fail } = passes.deadLetters ?? LETTER_THRESHOLDS
  const beyond = buried.filter(({ seq }) => seq === undefined || expected(seq) !== 'buried').length
  const values = { measured: counted(beyond), fewerThan: counted(fail), warnFrom: counted(warn) }
  const made = check('dead-letters-unplanned', beyond < fail, values)
  return beyond >= warn && beyond < fail ? { ...made, warning: true } : made
}
