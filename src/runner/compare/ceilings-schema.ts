import { z } from 'zod'
import { environmentSchema } from '../report/common-schema.ts'
import { ceilingSchema } from '../search/ceiling-schema.ts'
import { durabilityClass } from './comparison-schema.ts'

/** compare.json of ceilings: rates in events a second, times in ms, sizes in bytes, ratios as factors. */
export const CEILINGS_VERSION = 1

const amount = z.number()
const row = z.object({
  stack: z.string(),
  /** Holds its trials and its own page, beside compare.json. */
  folder: z.string(),
  found: ceilingSchema.shape.found,
  limit: ceilingSchema.shape.limit,
  drifted: ceilingSchema.shape.drifted,
  trials: amount,
  /** Trials that say nothing of the stack: the sender or the machine failed. */
  invalid: amount,
  tookMs: amount,
  /** What 1,000 events cost at about half of the ceiling; null: no trial says. */
  cost: z
    .object({
      ratePerS: amount,
      stackCpuMs: amount,
      serverCpuMs: amount.nullable(),
      diskBytes: amount.nullable(),
      wireBytes: amount,
    })
    .nullable(),
  /** As in a comparison of runs: `first` has the highest ceiling. */
  place: z.enum(['first', 'tied', 'behind', 'unranked']),
  why: z.enum(['below-lowest', 'generator-bound', 'not-measurable', 'too-few-trials']).nullable(),
  /** Its ceiling beside that of the first. */
  against: z.object({ ratio: amount, low: amount, high: amount, isReal: z.boolean() }).nullable(),
})

export const ceilingsSchema = z.object({
  version: z.literal(CEILINGS_VERSION),
  kind: z.literal('ceilings'),
  startedAt: z.string(),
  tag: z.string().optional(),
  interrupted: z.boolean(),
  seed: amount,
  acceptP99Ms: amount,
  trialMs: amount,
  /** Of each stack. */
  budgetMs: amount,
  /** Trials beside which something else used the machine. They count only where it was forced. */
  busyTrials: amount,
  forced: z.boolean(),
  classes: z.array(durabilityClass.omit({ rows: true }).extend({ rows: z.array(row) })),
  environment: environmentSchema,
  command: z.string(),
})
export type ComparedCeilings = z.infer<typeof ceilingsSchema>
export type CeilingClass = ComparedCeilings['classes'][number]
export type CeilingRow = z.infer<typeof row>
