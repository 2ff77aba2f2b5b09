import { decodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { fateOfBuried, fateOfMarked, fateOfWaiting } from '../../src/core/base/marks.ts'
import type { EventFate } from '../../src/core/contracts/ledger.ts'

const UNKNOWN: EventFate = { state: 'unknown' }

/** What the states of ids say (scripts.ts). `letters`: those of the buried ones, in their order; null: exhumed or purged meanwhile. */
export function fatesOf(
  states: readonly (string | null)[],
  letters: readonly (Buffer | null)[],
  believedMs: number,
): readonly EventFate[] {
  let buried = 0
  return states.map((state) => {
    const [kind, , ends, failed = '', , , handled = '0:0'] = (state ?? '').split(' ')
    const isOver = !(Number(ends) > believedMs)
    if (kind === 'd') {
      const letter = letters[buried++]
      return letter ? fateOfBuried(decodeDeadLetter(letter)) : UNKNOWN
    }
    if (kind === 'm') {
      const [number, atMs] = handled.split(':').map(Number)
      return isOver ? UNKNOWN : fateOfMarked(number!, atMs!)
    }
    if (kind === 'c' && !isOver) return { state: 'in-hand' }
    const [failures = '0', , lost = '0'] = failed.split(':')
    return fateOfWaiting(Number(failures), Number(lost) + (kind === 'c' ? 1 : 0))
  })
}
