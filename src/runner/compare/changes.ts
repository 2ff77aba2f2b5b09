import { studentQuantile } from '../report/latency/distributions.ts'
import type { Percentiles } from '../report/latency/percentiles.ts'
import type { Report } from '../report/report-schema.ts'
import { type Apart, apartOf, type Mixed, mixedIn } from './apart.ts'

/**
 * Two runs of one stack differ by so much though nothing has changed, as the deviation of a figure's logarithm: three runs in a
 * row had medians of 0.61 to 0.89 ms. It is taken for granted where a side has too few runs to show its own.
 */
const RUNS_DIFFER = { wait: 0.15, cost: 0.05 } as const
const NORMAL = 1.96
const SIDE_MIN = 3
/** Shares of events that differ by less than this, and by less than half, are the same. */
const SHARE_MIN = 0.001
const SHARE_RATIO_MIN = 1.5

export const CHANGED = ['p99Ms', 'runP99Ms', 'p50Ms', 'eventP99Ms', 'effectP99Ms', 'stackCpu'] as const
const PERCENTILES = ['p99Ms', 'eventP99Ms', 'effectP99Ms'] as const
export type ChangedFigure = (typeof CHANGED)[number]
export const COUNTED = [
  'lost',
  'doubled',
  'altered',
  'reordered',
  'unexpected',
  'refused',
  'unanswered',
  'givenUp',
] as const
export type CountedFigure = (typeof COUNTED)[number]
const HARM: readonly CountedFigure[] = ['lost', 'doubled', 'altered', 'reordered', 'unexpected']

/** A figure of both sides; `ratio` is after to before, with the interval that holds it with 95%. */
export interface Change {
  readonly figure: ChangedFigure
  readonly before: number
  readonly after: number
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly isReal: boolean
  /** It is slower or dearer for certain, and by more than is allowed. */
  readonly isRegression: boolean
}

/** Events, or attempts, of all runs of a side. */
export interface CountChange {
  readonly figure: CountedFigure
  readonly before: number
  readonly after: number
  readonly isRegression: boolean
}

export interface Changes {
  readonly scenario: string
  readonly before: ComparedSide
  readonly after: ComparedSide
  readonly figures: readonly Change[]
  /** That some run has no value of: too few episodes held it. */
  readonly leftOut: readonly ChangedFigure[]
  readonly counts: readonly CountChange[]
  /** A side passed before and fails after. */
  readonly failsNow: boolean
  /** What is not the same about the two, beside the figures. */
  readonly apart: readonly Apart[]
  /** Runs that are taken together, and are not alike. */
  readonly mixed: readonly Mixed[]
  readonly allow: number
  readonly outcome: 'no-regression' | 'regression' | 'not-comparable'
  /** null: they can be compared. Then there are no figures either. */
  readonly notComparable: 'mixed' | 'scenarios' | 'no-figures' | null
}

export interface ComparedSide {
  readonly name: string
  readonly runs: number
  /** Those that have figures of the stack, and of the whole load. */
  readonly whole: number
  readonly verdicts: readonly Report['verdict'][]
  readonly startedAt: string
}

interface RunSample {
  readonly value: number
  /** Deviation of its logarithm within the run; 0 where nothing is known of it. */
  readonly within: number
}

/** What changed from one run, or from several of one tag, to another, and whether it is real. `allow`: a share. */
export function changesOf(
  before: { readonly name: string; readonly reports: readonly Report[] },
  after: { readonly name: string; readonly reports: readonly Report[] },
  allow: number,
): Changes {
  const sides = { before: whole(before.reports), after: whole(after.reports) }
  const mixed = [before, after].flatMap(mixedIn)
  const isSame = before.reports[0]!.scenario.name === after.reports[0]!.scenario.name
  const isKnown = sides.before.length > 0 && sides.after.length > 0
  const notComparable = mixed.length > 0 ? 'mixed' : !isSame ? 'scenarios' : isKnown ? null : 'no-figures'
  const isThere = (figure: (typeof PERCENTILES)[number]) =>
    Object.values(sides).every((reports) => reports.some((report) => waitsOf(figure, report).count > 0))
  const figures = notComparable
    ? []
    : CHANGED.flatMap((figure) => changeOf(figure, sides.before, sides.after, allow) ?? [])
  const counts = notComparable ? [] : COUNTED.flatMap((figure) => countOf(figure, sides.before, sides.after) ?? [])
  const fails = (reports: readonly Report[]) => reports.some(({ verdict }) => verdict === 'FAIL')
  const failsNow = !notComparable && fails(sides.after) && !fails(sides.before)
  const isWorse = failsNow || [...figures, ...counts].some(({ isRegression }) => isRegression)
  return {
    scenario: before.reports[0]!.scenario.name,
    before: sideOf(before),
    after: sideOf(after),
    ...{ figures, counts, failsNow, mixed, allow, notComparable },
    leftOut: notComparable
      ? []
      : PERCENTILES.filter((name) => isThere(name) && !figures.some(({ figure }) => figure === name)),
    apart: apartOf(before.reports, after.reports),
    outcome: notComparable ? 'not-comparable' : isWorse ? 'regression' : 'no-regression',
  }
}

/** An INVALID run has no figures of the stack, and one that was cut short has not those of its whole load. */
const whole = (reports: readonly Report[]) =>
  reports.filter(({ verdict, interrupted }) => verdict !== 'INVALID' && !interrupted)

function sideOf({ name, reports }: { readonly name: string; readonly reports: readonly Report[] }): ComparedSide {
  return {
    name,
    runs: reports.length,
    whole: whole(reports).length,
    verdicts: reports.map(({ verdict }) => verdict),
    startedAt: reports[0]!.startedAt,
  }
}

function changeOf(
  figure: ChangedFigure,
  before: readonly Report[],
  after: readonly Report[],
  allow: number,
): Change | undefined {
  const [a, b] = [before.map((report) => sampleOf(figure, report)), after.map((report) => sampleOf(figure, report))]
  const isWhole = [a, b].every((side) => side.length > 0 && side.every((one) => one !== undefined))
  if (!isWhole) return undefined
  // Without an interval of its own it takes runs to know how far it differs by itself; with one there is a better figure.
  const isStandIn = figure === 'runP99Ms'
  const hasBetter = () => changeOf('p99Ms', before, after, allow) !== undefined
  if (isStandIn && (Math.min(a.length, b.length) < SIDE_MIN || hasBetter())) return undefined
  const [was, is] = [meanOf(a as RunSample[], figure), meanOf(b as RunSample[], figure)]
  const mean = is.log - was.log
  const half = was.freedom && is.freedom ? welch(was, is) : NORMAL * Math.sqrt(was.variance + is.variance)
  const [low, high] = [Math.exp(mean - half), Math.exp(mean + half)]
  const isReal = low > 1 || high < 1
  const ratio = Math.exp(mean)
  return {
    ...{ figure, before: Math.exp(was.log), after: Math.exp(is.log), ratio, low, high, isReal },
    isRegression: isReal && ratio > 1 + allow,
  }
}

interface Mean {
  readonly log: number
  /** Of the mean. */
  readonly variance: number
  /** 0: the runs are too few to show how far they differ. */
  readonly freedom: number
}

function meanOf(samples: readonly RunSample[], figure: ChangedFigure): Mean {
  const runs = samples.length
  const logs = samples.map(({ value }) => Math.log(value))
  const log = logs.reduce((sum, value) => sum + value, 0) / runs
  if (runs >= SIDE_MIN) {
    const variance = logs.reduce((sum, value) => sum + (value - log) ** 2, 0) / (runs - 1) / runs
    return { log, variance, freedom: runs - 1 }
  }
  const differ = figure === 'stackCpu' ? RUNS_DIFFER.cost : RUNS_DIFFER.wait
  const within = samples.reduce((sum, one) => sum + one.within ** 2, 0) / runs
  return { log, variance: (differ ** 2 + within) / runs, freedom: 0 }
}

/** Half of Welch's interval: two sides that differ by different amounts from run to run. */
function welch(a: Mean, b: Mean): number {
  const variance = a.variance + b.variance
  if (variance === 0) return 0
  const freedom = variance ** 2 / (a.variance ** 2 / a.freedom + b.variance ** 2 / b.freedom)
  return studentQuantile(0.975, freedom) * Math.sqrt(variance)
}

function sampleOf(figure: ChangedFigure, report: Report): RunSample | undefined {
  const { processes, audit, cards } = report
  if (figure === 'stackCpu') {
    const cpu = processes
      .filter(({ name }) => !name.startsWith('sender '))
      .reduce((sum, one) => sum + one.cpuSeconds, 0)
    return audit.planned > 0 && cpu > 0 ? { value: (cpu * 1e6) / audit.planned, within: 0 } : undefined
  }
  if (figure === 'runP99Ms') {
    const value = cards.distribution?.points.find(({ share }) => share >= 0.99)?.ms
    return value === undefined || value <= 0 ? undefined : { value, within: 0 }
  }
  if (figure === 'p50Ms') return fromInterval(waitsOf('p99Ms', report).p50)
  return fromInterval(waitsOf(figure, report).p99)
}

/** At the peak, where the load has one. */
function waitsOf(figure: (typeof PERCENTILES)[number], { latency }: Report): Percentiles {
  const peak = latency.phases.find((phase) => phase.peak)
  if (figure === 'p99Ms') return peak?.acceptedFirst ?? latency.accepted.first
  if (figure === 'eventP99Ms') return peak?.eventToAccepted ?? latency.event.toAccepted
  return peak?.eventToEffect ?? latency.event.toEffect
}

function fromInterval(of: Percentiles['p99']): RunSample | undefined {
  if (!of || of.lowMs <= 0) return undefined
  return { value: of.ms, within: Math.log(of.highMs / of.lowMs) / (2 * NORMAL) }
}

function countOf(figure: CountedFigure, before: readonly Report[], after: readonly Report[]): CountChange | undefined {
  const sum = (reports: readonly Report[], of: (report: Report) => number) =>
    reports.reduce((total, report) => total + of(report), 0)
  const [was, is] = [sum(before, COUNT_OF[figure]), sum(after, COUNT_OF[figure])]
  if (was === 0 && is === 0) return undefined
  const shareOf = (count: number, reports: readonly Report[]) =>
    count /
    Math.max(
      1,
      sum(reports, ({ audit }) => audit.planned),
    )
  const [a, b] = [shareOf(was, before), shareOf(is, after)]
  const isMore = b - a > SHARE_MIN && b > SHARE_RATIO_MIN * a
  return { figure, before: was, after: is, isRegression: HARM.includes(figure) ? is > 0 && b > a : isMore }
}

const COUNT_OF: Readonly<Record<CountedFigure, (report: Report) => number>> = {
  lost: ({ audit }) => audit.lost,
  doubled: ({ audit }) => audit.duplicateEffects,
  altered: ({ audit }) => audit.altered,
  reordered: ({ audit, durability }) => ((durability?.queue.order ?? 'none') === 'none' ? 0 : audit.reordered),
  unexpected: ({ audit }) => audit.unexpected,
  refused: ({ notAccepted }) => notAccepted.refused,
  unanswered: ({ notAccepted }) => notAccepted.unanswered,
  givenUp: ({ notAccepted }) => notAccepted.givenUp,
}
