import { z } from 'zod'

const quantile = z.object({ ms: z.number(), lowMs: z.number(), highMs: z.number() })

/** Times in ms. A percentile is absent where what is slower came in too few episodes to say anything of it. */
export const percentiles = z.object({
  count: z.number().int(),
  meanMs: z.number().optional(),
  maxMs: z.number().optional(),
  p50: quantile.optional(),
  p90: quantile.optional(),
  p99: quantile.optional(),
  p999: quantile.optional(),
  /** Stretches of time in which the slowest 1% came. Absent where nothing was measured. */
  slowEpisodes: z.number().int().optional(),
  /** Where p99 is absent: about so many times as long a run would have one. */
  p99TimesLonger: z.number().optional(),
})
export type Percentiles = z.infer<typeof percentiles>
