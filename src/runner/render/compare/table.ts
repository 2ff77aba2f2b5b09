import { seconds } from '../../../core/base/words.ts'
import type { ComparedRow, Comparison } from '../../compare/comparison-schema.ts'
import { differenceWords, FIGURE_NAMES, figureWords, harmWords } from '../words/compare.ts'

const SHOWN = ['eventP99Ms', 'effectP99Ms', 'stackCpu', 'serversCpu', 'diskBytes', 'wireBytes'] as const

/** Columns of a class, for every rendering; what decides comes first. */
export function headOf(comparison: Comparison): string[] {
  const back = isBack(comparison) ? ['back after the last fault'] : []
  return [
    'stack',
    'runs',
    FIGURE_NAMES.p99Ms,
    'p99 beside the first',
    'harm',
    ...SHOWN.map((name) => FIGURE_NAMES[name]),
    ...back,
    'back after a kill',
  ]
}

export function cellsOf(row: ComparedRow, comparison: Comparison): string[] {
  const { stack, runs, invalid, figures, recoveredMs, takeoverMs } = row
  const back = isBack(comparison) ? [recoveredMs === null ? '–' : seconds(recoveredMs)] : []
  return [
    stack,
    invalid > 0 ? `${runs} (${invalid} INVALID)` : String(runs),
    figureWords('p99Ms', figures.p99Ms),
    placeWords(row),
    harmWords(row),
    ...SHOWN.map((name) => figureWords(name, figures[name])),
    ...back,
    takeoverMs === null ? '–' : seconds(takeoverMs),
  ]
}

/** Why a stack is not ranked stands above the table, in a sentence. */
function placeWords({ place, against }: ComparedRow): string {
  if (place === 'first') return 'the first'
  return place === 'unranked' ? 'not ranked' : differenceWords(against!.p99Ms)
}

const isBack = ({ turns }: Comparison) => turns.some(({ recoveredMs }) => recoveredMs !== null)
