import { seconds } from '../../../core/base/words.ts'
import type { ComparedRow, Comparison } from '../../compare/comparison-schema.ts'
import { differenceWords, FIGURE_NAMES, figureWords, harmWords, whyWords } from '../words/compare.ts'

const SHOWN = ['p99Ms', 'eventP99Ms', 'effectP99Ms', 'stackCpu', 'serversCpu', 'diskBytes', 'wireBytes'] as const

/** Columns of a class, for every rendering. */
export function headOf(comparison: Comparison): string[] {
  const back = isBack(comparison) ? ['back after the last fault'] : []
  return [
    'stack',
    'runs',
    ...SHOWN.map((name) => FIGURE_NAMES[name]),
    'harm',
    ...back,
    'back after a kill',
    'p99 beside the first',
  ]
}

export function cellsOf(row: ComparedRow, comparison: Comparison): string[] {
  const { stack, runs, invalid, figures, recoveredMs, takeoverMs } = row
  const back = isBack(comparison) ? [recoveredMs === null ? '–' : seconds(recoveredMs)] : []
  return [
    stack,
    invalid > 0 ? `${runs} (${invalid} INVALID)` : String(runs),
    ...SHOWN.map((name) => figureWords(name, figures[name])),
    harmWords(row),
    ...back,
    takeoverMs === null ? '–' : seconds(takeoverMs),
    placeWords(row),
  ]
}

function placeWords(row: ComparedRow): string {
  if (row.place === 'first') return 'the first'
  return row.place === 'unranked' ? `not ranked: ${whyWords(row)}` : differenceWords(row.against!.p99Ms)
}

const isBack = ({ turns }: Comparison) => turns.some(({ recoveredMs }) => recoveredMs !== null)
