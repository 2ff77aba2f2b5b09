import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Percentiles } from '../report/latency/percentiles.ts'
import type { KnownServer } from './behaviours.ts'
import { knownCeilingPerS, knownP99Ms } from './closed-forms.ts'

/** What is to be measured of a server of known behaviour. Rates are events a second. */
export type CalibrationCase = { readonly server: KnownServer } & (
  | { readonly measures: 'p99'; readonly ratePerS: number; readonly durationMs: number }
  | { readonly measures: 'planted'; readonly wrong: PlantedWrong; readonly every: number }
  | { readonly measures: 'ceiling'; readonly p99Ms: number; readonly effects: boolean }
)
export type PlantedWrong = 'lost' | 'duplicateEffects' | 'altered'

export const PLANTED = { ratePerS: 300, durationMs: 1_500 } as const
const EVERY = 50

/**
 * Some four minutes; one more where a p99 takes a second run. Shorter runs have too few episodes for it. A machine's own pauses, some
 * ms, must be small beside what is measured.
 */
export const QUICK_CASES: readonly CalibrationCase[] = [
  { measures: 'planted', server: { kind: 'leaks', every: EVERY }, wrong: 'lost', every: EVERY },
  { measures: 'planted', server: { kind: 'doubles', every: EVERY }, wrong: 'duplicateEffects', every: EVERY },
  { measures: 'planted', server: { kind: 'alters', every: EVERY }, wrong: 'altered', every: EVERY },
  { measures: 'p99', server: { kind: 'fixed', ms: 200 }, ratePerS: 300, durationMs: 30_000 },
  { measures: 'p99', server: { kind: 'stalls', everyMs: 2_000, forMs: 300 }, ratePerS: 300, durationMs: 80_000 },
  { measures: 'p99', server: { kind: 'mmc', servers: 8, meanMs: 20 }, ratePerS: 300, durationMs: 60_000 },
]

/** A search each: some three minutes. */
export const CEILING_CASES: readonly CalibrationCase[] = [
  { measures: 'ceiling', server: { kind: 'token-bucket', ratePerS: 800, depth: 60 }, p99Ms: 100, effects: false },
  { measures: 'ceiling', server: { kind: 'bounded', servers: 20, ms: 20 }, p99Ms: 90, effects: false },
  { measures: 'ceiling', server: { kind: 'mmc', servers: 8, meanMs: 8 }, p99Ms: 45, effects: false },
  { measures: 'ceiling', server: { kind: 'early', servers: 20, ms: 20 }, p99Ms: 60, effects: true },
  {
    measures: 'ceiling',
    server: { kind: 'remembers', servers: 20, ms: 20, limit: 200, factor: 2, forMs: 2_000 },
    p99Ms: 90,
    effects: false,
  },
  {
    measures: 'ceiling',
    server: { kind: 'stalls', everyMs: 400, forMs: 60, servers: 20, ms: 20 },
    p99Ms: 150,
    effects: false,
  },
]

/** Those of the kinds that a person named. @throws FloodmarkError 'misuse' on a kind that none of them is of. */
export function casesOf(all: readonly CalibrationCase[], only: string | undefined): readonly CalibrationCase[] {
  if (only === undefined) return all
  const kinds: readonly string[] = [...new Set(all.map(({ server }) => server.kind))]
  const wanted = only.split(',').map((one) => one.trim())
  const unknown = wanted.find((one) => !kinds.includes(one))
  if (unknown === undefined) return all.filter(({ server }) => wanted.includes(server.kind))
  throw new FloodmarkError('misuse', `--only '${unknown}' is no server here: try ${kinds.join(', ')}`)
}

/** What is to be found: ms, events or events a second. `planned`: events of the run. */
export function truthOf(one: CalibrationCase, planned: number): number {
  if (one.measures === 'planted') return Math.ceil(planned / one.every)
  return one.measures === 'p99' ? knownP99Ms(one.server, one.ratePerS)! : knownCeilingPerS(one.server, one.p99Ms)!
}

/** How far from the truth a figure may be, as a share of it. */
export const OFF_MAX = 0.05
export function isRight({ measures }: CalibrationCase, found: number, truth: number): boolean {
  return measures === 'planted' ? found === truth : Math.abs(found / truth - 1) <= OFF_MAX
}

/** A run without a p99 tells how long it should have been. The next one takes 1.3 times that. */
const LONGER = 1.3
/** No run is longer. */
const LONGEST_MS = 180_000

/** How long a run must be, ms, where one of `durationMs` has no p99; undefined: it has one, or would take too long. */
export function longerFor(
  { p99, p99TimesLonger = 1 }: Pick<Percentiles, 'p99' | 'p99TimesLonger'>,
  durationMs: number,
): number | undefined {
  const neededMs = durationMs * p99TimesLonger
  const isOver = neededMs > LONGEST_MS || durationMs >= LONGEST_MS
  return p99 || isOver ? undefined : Math.min(LONGEST_MS, Math.ceil(neededMs * LONGER))
}
