import { grouped, ms, percent } from '../../../core/base/words.ts'
import type { Change, ChangedFigure, Changes, ComparedSide, CountedFigure } from '../../compare/changes.ts'
import { FIGURE_NAMES, list, signed } from './compare.ts'

const NAMES: Readonly<Record<ChangedFigure, string>> = { ...FIGURE_NAMES, runP99Ms: 'response p99, whole run' }
const COUNT_NAMES: Readonly<Record<CountedFigure, string>> = {
  lost: 'events lost',
  doubled: 'double effects',
  altered: 'events altered',
  reordered: 'effects out of order',
  unexpected: 'effects never sent',
  refused: 'attempts refused',
  unanswered: 'attempts unanswered',
  givenUp: 'events given up',
}

/** Of the table of changes. */
export const CHANGES_HEAD = ['figure', 'before', 'after', 'change', '95% interval', 'what it means']

export function changeRows({ figures, counts }: Changes): string[][] {
  const rows = figures.map((change) => {
    const { figure, before, after, ratio, low, high } = change
    const write = figure === 'stackCpu' ? grouped : ms
    const within = `${signed(low)} … ${signed(high)}`
    return [NAMES[figure], write(before), write(after), signed(ratio), within, stateOf(change)]
  })
  const counted = counts.map(({ figure, before, after, isRegression }) => [
    ...[COUNT_NAMES[figure], grouped(before), grouped(after), '', '', isRegression ? 'REGRESSION' : ''],
  ])
  return [...rows, ...counted]
}

function stateOf({ isReal, isRegression, ratio }: Change): string {
  if (isRegression) return 'REGRESSION'
  if (!isReal) return 'no difference found'
  return ratio < 1 ? 'better' : 'worse, within what is allowed'
}

/** The answer, in a sentence or two. */
export function changesWords(changes: Changes): string {
  if (changes.notComparable) return `Not comparable: ${whyNotWords(changes, changes.notComparable)}`
  const beside = changes.apart.flatMap(({ what, isBeside }) => (isBeside ? [what] : []))
  const mind = beside.length === 0 ? '' : ` They also differ in ${list(beside)}: that may be why.`
  return `${foundWords(changes)}${mind}`
}

function whyNotWords({ before, after, apart, mixed }: Changes, why: NonNullable<Changes['notComparable']>): string {
  if (why === 'mixed') {
    const said = mixed.map(({ side, what, values }) => `those of ${side} differ in ${what} (${values})`)
    return `runs of one tag are taken together, and ${said.join('; ')}. Give runs that are alike a --tag of their own.`
  }
  if (why === 'scenarios') {
    const names = apart.find(({ what }) => what === 'scenario')
    return `${before.name} is a run of ${names?.before}, and ${after.name} one of ${names?.after}. Compare runs of one scenario.`
  }
  const invalid = [before, after].find(({ whole }) => whole === 0)
  return `every run of ${invalid?.name} is INVALID or was cut short, so its figures say nothing of the stack. Run it again.`
}

function foundWords({ before, after, figures, counts, failsNow, allow, scenario }: Changes): string {
  const from = `from ${before.name} to ${after.name}`
  const worse = [
    ...(failsNow ? [`${after.name} fails, and ${before.name} did not`] : []),
    ...figures.flatMap(({ figure, isRegression, ratio }) =>
      isRegression ? [`${NAMES[figure]} ${signed(ratio)}`] : [],
    ),
    ...counts.flatMap((one) =>
      one.isRegression ? [`${grouped(one.after)} ${COUNT_NAMES[one.figure]}, before ${grouped(one.before)}`] : [],
    ),
  ]
  if (worse.length > 0) return `${scenario} became worse ${from}: ${worse.join('; ')}.`
  const better = figures.filter(({ isReal, ratio }) => isReal && ratio < 1)
  const gained = better.map(({ figure, ratio }) => `${NAMES[figure]} ${signed(ratio)}`)
  const none = `${scenario} did not become worse ${from}, by more than the ${percent(allow)} that are allowed`
  return gained.length > 0 ? `${none}. Better: ${gained.join(', ')}.` : `${none}.`
}

/** What the intervals rest on, and what else differs. */
export function changesAbout({ before, after, apart, leftOut }: Changes): string[] {
  const isFew = [before, after].some((side) => side.whole < 3)
  return [
    ...[before, after].map(sideWords),
    ...(isFew
      ? [
          'One or two runs do not show how far runs differ by themselves. Their intervals allow for what is usual: waits of two runs alike differ by up to half. Give three runs or more the same --tag to find smaller differences.',
        ]
      : []),
    ...(leftOut.length > 0
      ? [
          `Left out: ${list(leftOut.map((figure) => NAMES[figure]))}. Some run has too few episodes for ${leftOut.length === 1 ? 'it' : 'them'}; a longer one has enough. Of three runs or more a side the response p99 is compared as it came out.`,
        ]
      : []),
    ...apart.map(({ what, before: was, after: is }) => `Not the same: ${what} was ${was}, now ${is}.`),
  ]
}

function sideWords({ name, runs, whole, verdicts, startedAt }: ComparedSide): string {
  const counted = whole < runs && whole > 0 ? `, of which ${whole} ${whole === 1 ? 'counts' : 'count'}` : ''
  return `${name}: ${runs === 1 ? 'one run' : `${runs} runs`} (${[...new Set(verdicts)].join(', ')})${counted}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC.`
}
