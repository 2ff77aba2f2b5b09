import { z } from 'zod'
import { cardsSchema } from './cards/index.ts'
import { commonSchema } from './common-schema.ts'

export const REPORT_VERSION = 3

/**
 * report.json, version 3: ids and figures, which a program can read without any of the words that people are shown.
 * Version 2 had one family of waits, `response`, of every attempt whatever became of it, where there are now those of
 * accepted attempts, of refused ones and of events, whole and by phase. Version 1 had titles and texts in place of ids and values, and its cards beside everything else.
 */
export const reportSchema = commonSchema.extend({
  version: z.literal(REPORT_VERSION),
  /** What only some runs have, each by its own schema; absent where a run has nothing of the kind. */
  cards: cardsSchema,
})

export type Report = z.infer<typeof reportSchema>
