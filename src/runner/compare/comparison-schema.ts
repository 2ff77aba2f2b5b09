import { z } from 'zod'
import { environmentSchema } from '../report/common-schema.ts'
import { shownSurvival, turnSchema } from './turn-schema.ts'

/** compare.json: times in ms, CPU in ms and sizes in bytes for 1,000 events, ratios as factors. */
export const COMPARISON_VERSION = 2

const count = z.number().int().nonnegative()
/** Geometric mean over runs; the ends of its 95% interval where there are three or more. */
const figure = z.object({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() })
const difference = z.object({
  rounds: count,
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
  isReal: z.boolean(),
})

/** What is compared, each by its smallness. The first decides who wins. */
export const FIGURES = [
  'p99Ms',
  'p50Ms',
  'eventP99Ms',
  'effectP99Ms',
  'stackCpu',
  'serversCpu',
  'diskBytes',
  'wireBytes',
] as const
const perFigure = <T extends z.ZodType>(of: T) =>
  z.object(
    Object.fromEntries(FIGURES.map((name) => [name, of.nullable()])) as Record<
      (typeof FIGURES)[number],
      z.ZodNullable<T>
    >,
  )

const row = z.object({
  stack: z.string(),
  /** Runs that count, and those that say nothing of the stack: the generator or the machine failed. */
  runs: count,
  invalid: count,
  /** Left out: something else used the machine meanwhile. */
  busy: count,
  failed: count,
  /** Ids of checks that failed in some run that counts. */
  failedChecks: z.array(z.string()),
  figures: perFigure(figure),
  harm: z.object({ lost: count, doubled: count, altered: count, reordered: count, unexpected: count }),
  notAccepted: z.object({ refused: count, unanswered: count, givenUp: count }),
  recoveredMs: z.number().nullable(),
  /** Of the kill trial; the worst, where it was made again. null: there was none, or the stack had nothing in hand. */
  takeoverMs: z.number().nullable(),
  /**
   * first: nothing of its class is ahead. tied: no difference from the first was found. behind: it is slower for certain.
   * unranked: `why`.
   */
  place: z.enum(['first', 'tied', 'behind', 'unranked']),
  why: z.enum(['fails', 'too-few-runs', 'not-ranked', 'rounds-apart', 'nothing-accepted']).nullable(),
  /** Each figure beside that of the first; null: it is the first, or there is none. */
  against: perFigure(difference).nullable(),
})
export const durabilityClass = z.object({
  /** What was shown of both, in all runs. */
  queue: shownSurvival,
  ledger: shownSurvival,
  rows: z.array(row),
})

export const comparisonSchema = z.object({
  version: z.literal(COMPARISON_VERSION),
  startedAt: z.string(),
  tag: z.string().optional(),
  interrupted: z.boolean(),
  seed: z.number(),
  rounds: count,
  /** null: ranked. Else why nothing is. */
  notRanked: z.enum(['busy']).nullable(),
  /** Runs beside which something else used the machine. */
  busyRuns: count,
  forced: z.boolean(),
  scenarios: z.array(z.object({ scenario: z.string(), acceptP99Ms: z.number(), classes: z.array(durabilityClass) })),
  environment: environmentSchema,
  command: z.string(),
  turns: z.array(turnSchema),
})
export type Comparison = z.infer<typeof comparisonSchema>
export type DurabilityClass = z.infer<typeof durabilityClass>
export type ComparedRow = z.infer<typeof row>
export type FigureName = (typeof FIGURES)[number]
