import { z } from 'zod'
import { ms, percent } from '../../../core/base/words.ts'
import { defineCard } from '../card.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'
import { Latencies } from '../latency/latencies.ts'

const schema = z.object({
  count,
  meanMs: z.number(),
  deviationMs: z.number(),
  maxMs: z.number(),
  /** Response times of accepted first attempts as they came out: that share of them took no longer than this. */
  points: z.array(z.object({ share: z.number(), ms: z.number() })),
})
export type Distribution = z.infer<typeof schema>

/** Each half of what is left is cut into so many steps, as HdrHistogram writes it. */
const STEPS_IN_A_HALF = 5
const HALVES_MAX = 20
const SHOWN = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999]

/** How response times spread, from the quickest to the slowest: as they came out, so without intervals. */
export const distribution = defineCard({
  schema,
  make: distributionOf,
  checks: () => [],
  checkWords: {},
  words: ({ points, maxMs, count: samples }) => ({
    blocks: [
      { heading: 'Distribution of response times' },
      {
        paragraph:
          'Of accepted first attempts, as they came out. latency.hgrm beside this page holds it for plotters of HdrHistogram.',
      },
      {
        head: ['share of them', 'took at most'],
        rows: [
          ...SHOWN.filter((share) => (1 - share) * samples >= 1).map((share) => [
            percent(share),
            ms(points.find((point) => point.share >= share)!.ms),
          ]),
          ['100.0%', ms(maxMs)],
        ],
      },
    ],
  }),
})

function distributionOf({ attempts }: JudgedRun): Distribution | undefined {
  const waits = new Latencies()
  let samples = 0
  let sum = 0
  let squares = 0
  for (const { attempt, outcome, intendedMs, doneMs } of attempts()) {
    if (attempt !== 1 || outcome !== 'accepted') continue
    const tookMs = doneMs - intendedMs
    waits.record(intendedMs, tookMs)
    samples++
    sum += tookMs
    squares += tookMs * tookMs
  }
  if (samples === 0) return undefined
  const meanMs = sum / samples
  return {
    count: samples,
    meanMs,
    deviationMs: Math.sqrt(Math.max(0, squares / samples - meanMs * meanMs)),
    maxMs: waits.sampleQuantileMs(1)!,
    points: sharesOf(samples).map((share) => ({ share, ms: waits.sampleQuantileMs(share)! })),
  }
}

/** As fine as the samples are, closer together the nearer to the slowest. */
function sharesOf(samples: number): number[] {
  const shares = [...SHOWN]
  for (let half = 0; half < HALVES_MAX; half++) {
    for (let step = 0; step < STEPS_IN_A_HALF; step++) {
      const share = 1 - 2 ** -half * (1 - step / (2 * STEPS_IN_A_HALF))
      if ((1 - share) * samples >= 1) shares.push(share)
    }
  }
  return [...new Set([...shares, 1])].sort((a, b) => a - b)
}
