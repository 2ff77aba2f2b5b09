import { Groups, LETTER_THRESHOLDS } from '../../core/dead-letters/groups.ts'
import type { Expected } from '../plan/identity.ts'
import type { Buried } from '../records/effects-file.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Report } from './report-schema.ts'

/** Dead letters by source, type and reason, the largest group first; times since the start of the run. */
export function groupsOf(buried: readonly Buried[], startAtMs: number): Report['deadLetters'] {
  const groups = new Groups()
  for (const letter of buried) groups.add({ ...letter, atMs: letter.atMs - startAtMs })
  return groups.all()
}

/** Whether there are more dead letters than the plan dooms, and how many more. A warning does not fail a run. */
export function deadLetterCheck(
  buried: readonly Buried[],
  expected: (seq: number) => Expected,
  passes: Scenario['passes'],
): Report['checks'][number] {
  const { warn, fail } = passes.deadLetters ?? LETTER_THRESHOLDS
  const beyond = buried.filter(({ seq }) => seq === undefined || expected(seq) !== 'buried').length
  return {
    check: 'dead letters beyond those planned',
    ok: beyond < fail,
    ...(beyond >= warn && beyond < fail && { warning: true }),
    measured: String(beyond),
    wanted: `fewer than ${fail}; a warning from ${warn} on`,
    about: 'stack',
  }
}
