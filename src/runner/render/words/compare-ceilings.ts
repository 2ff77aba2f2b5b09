import { bytes, grouped, percent, perS, seconds } from '../../../core/base/words.ts'
import type { CeilingClass, CeilingRow, ComparedCeilings } from '../../compare/ceilings-schema.ts'
import { atMostApart } from '../../compare/difference.ts'
import { knownPerS } from '../../search/answer.ts'
import { limitWords } from './ceiling.ts'
import { apartBy, differenceWords, list } from './compare.ts'

/** Which stack of a class holds most, and how sure that is. */
export function highestWords({ rows }: Pick<CeilingClass, 'rows'>): string {
  const [first, ...others] = rows.filter(({ place }) => place !== 'unranked')
  const left = rows
    .filter(({ place }) => place === 'unranked')
    .map((row) => `${row.stack} is not ranked: ${whyCeilingWords(row)}.`)
  if (!first) return left.join(' ')
  const most = ceilingCell(first)
  if (rows.length === 1) return `${first.stack} is alone in its class: its ceiling is ${most}.`
  if (others.length === 0) return [`Only ${first.stack} can be ranked: its ceiling is ${most}.`, ...left].join(' ')
  const tied = others.filter(({ place }) => place === 'tied')
  const [next] = others.filter(({ place }) => place === 'behind')
  const wins =
    tied.length === 0
      ? `${first.stack} holds most: its ceiling is ${most}.`
      : `No winner between ${list([first, ...tied].map(({ stack }) => stack))}: no difference of their ceilings was found, at ±${percent(Math.max(...tied.map(({ against }) => atMostApart(against!))))}.`
  const ahead = next
    ? [`That of ${next.stack} is ${perS(next.found.interval!.mid)}, ${apartBy(next.against!, 'lower')}, 95% sure.`]
    : []
  return [wins, ...ahead, ...left].join(' ')
}

export function whyCeilingWords({ why, found, trials }: CeilingRow): string {
  if (why === 'below-lowest') return 'it does not hold the lowest load'
  if (why === 'generator-bound')
    return `its ceiling is at least ${perS(knownPerS(found) ?? 0)}, and no more could be offered: --max-rate or --senders may help`
  if (why === 'not-measurable') return 'one trial after another was INVALID'
  return `${trials} trials are too few; give it more --budget`
}

function ceilingCell({ found: { interval } }: CeilingRow): string {
  return interval ? `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)})` : 'none'
}

export const CEILINGS_HEAD = [
  'stack',
  'ceiling (90%)',
  'beside the first',
  'held in a soak',
  'above it',
  'stack CPU ms/1,000',
  'servers’ CPU ms/1,000',
  'to disk per 1,000',
  'on the wire per 1,000',
  'trials',
]

export function ceilingsCells(row: CeilingRow): string[] {
  const { stack, found, limit, cost, trials, invalid, place, against, drifted } = row
  const of = (value: number | null | undefined, write: (value: number) => string) =>
    value === null || value === undefined ? 'none' : write(value)
  return [
    stack,
    ceilingCell(row),
    `${place === 'first' ? 'the first' : place === 'unranked' ? 'not ranked' : differenceWords(against)}${drifted ? '; the machine changed meanwhile' : ''}`,
    of(found.soakedPerS, perS),
    limit ? limitWords(limit) : 'nothing failed',
    of(cost?.stackCpuMs, grouped),
    of(cost?.serverCpuMs, grouped),
    of(cost?.diskBytes, bytes),
    of(cost?.wireBytes, bytes),
    invalid > 0 ? `${trials} (${invalid} INVALID)` : String(trials),
  ]
}

/** How it was measured, and what that is worth. */
export function aboutCeilings({
  classes,
  seed,
  trialMs,
  budgetMs,
  busyTrials,
  forced,
  interrupted,
  acceptP99Ms,
}: ComparedCeilings): string[] {
  const trials = classes.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.trials, 0)
  return [
    `${trials} trials of ${seconds(trialMs)} each, some of one stack after some of another, at most ${seconds(budgetMs)} a stack, seed ${seed}.`,
    `A load holds where the response p99 is at most ${acceptP99Ms} ms and nothing is lost, refused or left behind.`,
    ...(interrupted ? ['It was interrupted before every ceiling was known.'] : []),
    ...(busyTrials > 0
      ? [
          `Something else used the machine during ${busyTrials} of them; ${forced ? 'they count all the same, by --force' : 'those were made again'}.`,
        ]
      : []),
  ]
}

export const CEILINGS_EXPLAINED = [
  'A ceiling is the highest rate that a stack holds from the request to its effect. The interval holds it with 90%.',
  'A difference is that of two ceilings, as sure as all trials of both are; its interval holds it with 95%, for all stacks of a class together.',
  'Stacks of different classes are not ranked against each other, since they do not do the same work.',
  'Costs are those of 1,000 events at about half of the ceiling. To disk: all that this machine wrote meanwhile. On the wire: HTTP and what went to and from servers, both ways.',
]
