import { bytes, grouped, ms, percent } from '../../../core/base/words.ts'
import type { ComparedRow, Comparison, DurabilityClass, FigureName } from '../../compare/comparison-schema.ts'
import { atMostApart, type Difference, ROUNDS_MIN } from '../../compare/difference.ts'
import { survives } from './run.ts'

type Figure = NonNullable<ComparedRow['figures'][FigureName]>

/** Their names in tables. */
export const FIGURE_NAMES: Readonly<Record<FigureName, string>> = {
  p99Ms: 'response p99',
  p50Ms: 'p50',
  eventP99Ms: 'event to 2xx p99',
  effectP99Ms: 'event to effect p99',
  stackCpu: 'stack CPU ms/1,000',
  serversCpu: 'servers’ CPU ms/1,000',
  diskBytes: 'to disk per 1,000',
  wireBytes: 'on the wire per 1,000',
}

const WRITES: Readonly<Partial<Record<FigureName, (value: number) => string>>> = {
  stackCpu: grouped,
  serversCpu: grouped,
  diskBytes: bytes,
  wireBytes: bytes,
}

export function figureWords(name: FigureName, figure: Figure | null): string {
  if (!figure) return 'none'
  const write = WRITES[name] ?? ms
  const { value, low, high } = figure
  return low === null || high === null ? write(value) : `${write(value)} (${write(low)} … ${write(high)})`
}

/** `+12% (+8% … +16%)`, or that none was found. */
export function differenceWords(difference: Omit<Difference, 'rounds'> | null): string {
  if (!difference) return 'too few runs'
  if (!difference.isReal) return apartWords(atMostApart(difference))
  const { ratio, low, high } = difference
  return `${signed(ratio)} (${signed(low)} … ${signed(high)})`
}

/** `higher by 12.0% (8.0% … 16.0%)`, of a difference that is real. */
export function apartBy(
  { ratio, low, high }: Pick<Difference, 'ratio' | 'low' | 'high'>,
  how: 'higher' | 'lower',
): string {
  const [share, one, other] = [ratio, low, high].map((of) => percent(Math.abs(of - 1)))
  return how === 'higher' ? `higher by ${share} (${one} … ${other})` : `lower by ${share} (${other} … ${one})`
}

/** Beyond this the runs of a stack differ so much that to name a bound would mean nothing. */
const APART_MAX = 1

function apartWords(atMost: number): string {
  return atMost > APART_MAX ? 'not told apart: its runs differ too much' : `no difference found, at ±${percent(atMost)}`
}

/** Ten times as much and more is no share that anybody reads. */
const TIMES_FROM = 10

/** `+12.0%`, `−8.0%`, or `×333`. */
export function signed(ratio: number): string {
  if (ratio >= TIMES_FROM) return `×${grouped(ratio)}`
  return `${ratio < 1 ? '−' : '+'}${percent(Math.abs(ratio - 1))}`
}

export function classWords({ queue, ledger }: Pick<DurabilityClass, 'queue' | 'ledger'>): string {
  const of = ({ survives: list, basis }: DurabilityClass['queue']) =>
    `${survives(list)}${basis === 'settings' && list.length > 0 ? ' (by its settings, not measured)' : ''}`
  if (queue.basis === 'unknown') return 'What a 2xx survives is not known: the faster one may keep less'
  return `A 2xx survives ${of(queue)}; an effect survives ${of(ledger)}`
}

/** Who wins a class, and how sure that is, in a sentence or two. */
export function winnerWords(
  { rows }: Pick<DurabilityClass, 'rows'>,
  { notRanked }: Pick<Comparison, 'notRanked'>,
): string {
  const unranked = rows.filter(({ place }) => place === 'unranked')
  const leftOf = (some: readonly ComparedRow[]) => some.map((row) => `${row.stack} is not ranked: ${whyWords(row)}.`)
  if (notRanked === 'busy') return [BUSY, ...leftOf(unranked.filter(({ why }) => why !== 'not-ranked'))].join(' ')
  const [first, ...others] = rows.filter(({ place }) => place !== 'unranked')
  const left = leftOf(unranked)
  if (!first) return left.join(' ')
  const p99 = ms(first.figures.p99Ms!.value)
  if (rows.length === 1) return `${first.stack} is alone in its class: its p99 is ${p99}.`
  if (others.length === 0) return [`Only ${first.stack} can be ranked: its p99 is ${p99}.`, ...left].join(' ')
  const tied = others.filter(({ place }) => place === 'tied')
  const behind = others.filter(({ place }) => place === 'behind')
  const next = behind.toSorted((a, b) => a.figures.p99Ms!.value - b.figures.p99Ms!.value)[0]
  const wins =
    tied.length === 0
      ? `${first.stack} answers fastest: its p99 is ${p99}.`
      : noWinner(
          list([first, ...tied].map(({ stack }) => stack)),
          Math.max(...tied.map(({ against }) => atMostApart(against!.p99Ms!))),
        )
  const ahead = next
    ? [
        `The p99 of ${next.stack}${behind.length > 1 ? ', the next,' : ''} is ${apartBy(next.against!.p99Ms!, 'higher')}, 95% sure.`,
      ]
    : []
  return [wins, ...ahead, ...cheaper(first, tied), ...left].join(' ')
}

function noWinner(names: string, atMost: number): string {
  return atMost > APART_MAX
    ? `No winner between ${names}: their runs differ too much from each other. More --rounds on a quieter machine tell more.`
    : `No winner between ${names}: no difference of their p99s was found, at ±${percent(atMost)}.`
}

/** Where response times do not tell them apart, the cost may. */
function cheaper(first: ComparedRow, tied: readonly ComparedRow[]): string[] {
  return tied.flatMap(({ stack, against }) => {
    const cpu = against?.stackCpu
    if (!cpu?.isReal) return []
    const [less, more, by] =
      cpu.ratio > 1 ? [first.stack, stack, 1 - 1 / cpu.ratio] : [stack, first.stack, 1 - cpu.ratio]
    return [`${less} uses ${percent(by)} less CPU than ${more}.`]
  })
}

const BUSY =
  'Nothing is ranked: something else used the machine during too many of the runs. Go on with --resume when it is quiet.'

/** What happened, and what to do. */
export function whyWords({ why, failedChecks, runs, invalid, busy, failed }: ComparedRow): string {
  const leaves = `${runsWords(runs)} of the ${ROUNDS_MIN} that are needed`
  if (why === 'fails') return `${failed} of ${runsWords(runs + busy)} failed (${failedChecks.join(', ')})`
  if (why === 'not-ranked')
    return `the machine was busy during ${busy} of ${runsWords(runs + busy)}, which leaves ${leaves}: go on with --resume when it is quiet`
  if (why === 'rounds-apart')
    return `fewer than ${ROUNDS_MIN} rounds have runs that count of both it and the first: go on with --resume, which makes the others again`
  if (why === 'nothing-accepted')
    return 'in some of its runs no first attempt was accepted at the peak, so that they have no p99: see their reports'
  return invalid > 0
    ? `${runsWords(invalid)} ${invalid === 1 ? 'was' : 'were'} INVALID, which leaves ${leaves}: go on with --resume, which makes them again`
    : `it has ${leaves}: go on with --resume and more --rounds`
}

const runsWords = (count: number) => `${count === 0 ? 'no' : count} ${count === 1 ? 'run' : 'runs'}`

/** Harm and what was not accepted, by name; none of those that are 0. */
export function harmWords({ harm, notAccepted }: Pick<ComparedRow, 'harm' | 'notAccepted'>): string {
  const all: [number, string][] = [
    [harm.lost, 'lost'],
    [harm.doubled, 'doubled'],
    [harm.altered, 'altered'],
    [harm.reordered, 'out of order'],
    [harm.unexpected, 'never sent'],
    [notAccepted.refused, 'refused'],
    [notAccepted.unanswered, 'unanswered'],
    [notAccepted.givenUp, 'given up'],
  ]
  const some = all.filter(([count]) => count > 0)
  return some.length === 0 ? 'none' : some.map(([count, of]) => `${grouped(count)} ${of}`).join(', ')
}

export const list = (names: readonly string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

/** What the figures stand for. */
export const COMPARE_EXPLAINED = [
  'A figure is the geometric mean over runs; in brackets, what holds it with 95% confidence.',
  'Times are those of the peak, where the load has one, and count from when an attempt or an event was due.',
  'A difference is that of the logarithms of two stacks’ figures, round by round: the run is the unit.',
  'Stacks of different classes are not ranked against each other, since they do not do the same work.',
  'Back after a kill: every process of the stack is killed once, in a trial of its own, and started again half a second later. It is the time until all that was accepted before has taken effect.',
  'To disk: all that this machine wrote while the run sent. On the wire: HTTP and what went to and from servers, both ways.',
  'The servers’ CPU has the little in it that the runner itself took while it sent.',
]
