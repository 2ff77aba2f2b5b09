import type { Purpose } from './trial.ts'

/** A soak lasts so many times as long as a trial. */
const SOAK_FACTOR = 5
/** A saturation trial is a hint, and leaves a backlog that takes longer to work off than it took to send. */
const SATURATION_MS_MIN = 2_000
/** A trial warms its processes up for so long, ms, or for as long as it sends. */
export const WARM_UP_MS = 5_000
/** What it takes beside its sending and that, ms, until one has shown it. A soak also watches whether anything comes again. */
const AROUND_MS = 5_000
const WATCHING_MS = 10_000
/** The slowest of so many says what the next one may take. */
const LAST = 5
/** What comes after the search's loads is kept no more than this share of the time for. */
const KEPT_MAX = 1 / 2

/** The time that a search has, and what its trials take, ms. */
export interface TimeLeft {
  readonly budgetMs: number
  readonly leftMs: number
  readonly loadMs: number
  readonly soakMs: number
  /** Kept for what is asked when the search is over. */
  readonly besideMs: number
}
export const NO_HURRY: TimeLeft = {
  ...{ budgetMs: Number.POSITIVE_INFINITY, leftMs: Number.POSITIVE_INFINITY },
  ...{ loadMs: 0, soakMs: 0, besideMs: 0 },
}
/** Not another trial. */
export const TIME_OVER: TimeLeft = { ...NO_HURRY, leftMs: Number.NEGATIVE_INFINITY }

interface Made {
  readonly purpose: Purpose
  readonly tookMs: number
}

export function durationOf(purpose: Purpose, trialMs: number): number {
  if (purpose === 'soak') return trialMs * SOAK_FACTOR
  return purpose === 'saturation' ? Math.max(SATURATION_MS_MIN, trialMs / 2) : trialMs
}

/** What a load and a soak may take from start to end, by those that were made. */
export function lengthsOf(made: readonly Made[], trialMs: number): Pick<TimeLeft, 'loadMs' | 'soakMs'> {
  const aroundOf = (of: (purpose: Purpose) => boolean) =>
    made
      .filter(({ purpose }) => of(purpose))
      .slice(-LAST)
      .reduce((most, { purpose, tookMs }) => Math.max(most, tookMs - durationOf(purpose, trialMs)), 0)
  const firstMs = AROUND_MS + Math.min(WARM_UP_MS, trialMs)
  const loadMs = aroundOf((purpose) => purpose !== 'soak' && purpose !== 'saturation') || firstMs
  const soakMs = aroundOf((purpose) => purpose === 'soak') || loadMs + WATCHING_MS
  return { loadMs: trialMs + loadMs, soakMs: durationOf('soak', trialMs) + soakMs }
}

/** Whether something that takes so long ends in time. */
export function fits({ leftMs }: TimeLeft, ms: number): boolean {
  return leftMs >= ms
}

/** Whether another load of the search leaves enough for what closes it: a soak where it is to come, an anchor, and what is asked beside. */
export function mayGoOn(time: TimeLeft, isSoaked: boolean): boolean {
  const closingMs = (isSoaked ? 0 : time.soakMs) + time.loadMs + time.besideMs
  return fits(time, time.loadMs + Math.min(closingMs, time.budgetMs * KEPT_MAX))
}
