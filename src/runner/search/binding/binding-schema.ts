import { z } from 'zod'
import { RESOURCES, STAGES } from '../../records/intervention.ts'

const rate = z.number()
const interval = z.object({ low: rate, mid: rate, high: rate })
const share = z.object({ share: z.number(), low: z.number(), high: z.number() })

export const interventionSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('twice'), stage: z.enum(STAGES) }),
  z.object({ what: z.literal('answer-only') }),
  z.object({ what: z.literal('fewer-cores') }),
  z.object({ what: z.literal('delay'), resource: z.enum(RESOURCES), addMs: z.number() }),
])

/** Parts of a thread's time for an event: 'http' is what is left when requests are only answered. */
export const PARTS = ['http', ...STAGES] as const
export type ThreadPart = (typeof PARTS)[number]

/** What binds. Rates in events a second, times in ms, shares 0-1; intervals with 90%. */
export const bindingSchema = z.object({
  ceilingPerS: rate,
  /** Each that might bind, the busiest first. One that is in use for little of the time is not delayed: it cannot bind. */
  resources: z.array(
    z.object({
      resource: z.enum(RESOURCES),
      process: z.string(),
      busy: z.number(),
      timeMs: z.number(),
      addMs: z.number(),
      /** Whether the ceiling fell; null: undecided. */
      binds: z.boolean().nullable(),
      delayed: z.boolean().default(true),
      /** Where it binds: the ceiling with the delay, as it follows from the times, and as it was found. */
      predictedPerS: rate.nullable(),
      found: interval.nullable(),
      /** Where it binds: the ceiling if it took half as long, and what would bind before that; null: not known, and nothing. */
      halved: z
        .object({ perS: rate, next: z.enum(RESOURCES).nullable() })
        .nullable()
        .default(null),
    }),
  ),
  /** The resource that explains most of what the delays did, among those that bind. */
  binds: z.enum(RESOURCES).nullable(),
  /** Time was over before it was known of these whether they bind, or this was asked. */
  open: z.array(z.enum([...RESOURCES, 'stages', 'confirmation'])).default([]),
  /** Where a thread binds: what its time for an event goes into, by doing each twice. `rest`: what is none of these. */
  stages: z
    .object({
      process: z.string(),
      parts: z.array(share.extend({ part: z.enum(PARTS) })),
      rest: share,
      /** The parts do not sum to more than 1 for certain, and leave less than a third unexplained. */
      whole: z.boolean(),
    })
    .nullable(),
  /** The largest part done twice: the ceiling that follows from its share, and the one that was found. `found` null: not measurable. */
  confirmed: z.object({ stage: z.enum(STAGES), predictedPerS: rate, found: interval.nullable() }).nullable(),
  little: z.array(
    z.object({
      process: z.string(),
      flow: z.string(),
      inHand: z.number(),
      rateTimesTime: z.number(),
      ok: z.boolean(),
    }),
  ),
})
export type Binding = z.infer<typeof bindingSchema>
export type Delayed = Binding['resources'][number]
