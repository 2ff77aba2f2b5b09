import { z } from 'zod'
import { recordedSettings } from '../plan/settings.ts'
import { environmentSchema } from '../report/common-schema.ts'

/** scaling.json: rates in events a second. */
export const SCALING_VERSION = 2

const rate = z.number().nonnegative()

const law = z.object({
  lambda: z.number(),
  sigma: z.number(),
  kappa: z.number(),
  peak: z.number().nullable(),
  r2: z.number(),
  off: z.number(),
})

export const scalingSchema = z.object({
  version: z.literal(SCALING_VERSION),
  settings: recordedSettings,
  points: z.array(
    z.object({
      processes: z.int().positive(),
      /** The ceiling, with 90%; null: none was found, and why. */
      interval: z.object({ low: rate, mid: rate, high: rate }).nullable(),
      why: z
        .enum(['interrupted', 'too-wide', 'budget-over', 'generator-bound', 'below-lowest', 'not-measurable'])
        .nullable(),
      /** What the law says there; null without one. */
      byLawPerS: rate.nullable(),
      /** The search's records, beside this file. */
      folder: z.string(),
      tookMs: z.number(),
    }),
  ),
  /** null where it was refused, and why. */
  usl: law.nullable(),
  refused: z.enum(['too-few-points', 'poor-fit']).nullable(),
  /** Where none fits well enough: the one that comes nearest. */
  nearest: law.nullable(),
  startedAt: z.string(),
  environment: environmentSchema,
})
export type Scaling = z.infer<typeof scalingSchema>
