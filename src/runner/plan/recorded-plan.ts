import { z } from 'zod'
import type { RetryPolicy } from '../../core/contracts/provider.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { scenarioSchema } from '../scenario/schema.ts'
import type { Plan } from './plan-run.ts'
import { waitRangeMs } from './retry.ts'
import { peakOf } from './spike.ts'

/** A plan as a run's folder keeps it: all that its report needs, so that no module is loaded for it. */

const PLAN_FORMAT = 1

const count = z.int().nonnegative()
const ms = z.number().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** A provider's retry policy. `waits`: the shortest and the longest wait before each attempt from the second on. */
const policySchema = z.object({
  attemptsMax: count,
  timeoutMs: ms,
  waits: z.array(z.tuple([ms, ms])),
  stopsOn: z.array(z.number()).optional(),
  retriesOn: z.literal('connection').optional(),
  noRetryHeader: z.templateLiteral(['x-', z.string()]).optional(),
  honoursRetryAfter: z.boolean().optional(),
  disables: z.union([z.object({ afterMs: ms }), z.object({ afterFailures: count })]).optional(),
  model: z.boolean(),
})

/** One part of the scenario's mix. `sha256`: of the provider's file, and of the file of its bodies. */
const sourceSchema = z.object({
  source: z.string(),
  sha256,
  bodiesSha256: sha256.optional(),
  /** Names of kept headers that tell when a request was signed. */
  timedHeaders: z.array(z.string()),
  staleAfterMs: ms.optional(),
  policy: policySchema,
})

/** The scenario without its shape, which the events' times stand for; a provider of one's own by its short name. */
type RecordedScenario = Omit<Scenario, 'shape'>

const recordedScenario = scenarioSchema.omit({ shape: true }).extend({
  mix: z.array(z.object({ provider: z.string(), share: z.number() })).nonempty(),
}) as unknown as z.ZodType<RecordedScenario, RecordedScenario>

export const recordedPlanSchema = z.object({
  format: z.literal(PLAN_FORMAT),
  runId: z.string(),
  seed: count,
  durationMs: ms,
  ratePerS: z.number(),
  peakPerS: z.number(),
  scenario: recordedScenario,
  /** The digest of the scenario's file. */
  scenarioSha256: sha256,
  /** Arrivals of each second, where they came from a file of a person's own. */
  trace: z.array(z.number()).optional(),
  /** By position in the mix. */
  sources: z.array(sourceSchema).nonempty(),
  /** Events in planned.bin, and the types that they refer to by position. */
  events: count,
  types: z.array(z.string()),
})

export type RecordedPlan = z.infer<typeof recordedPlanSchema>
type RecordedSource = RecordedPlan['sources'][number]

/** What cannot be told from the plan itself: digests of files, and what making the events showed. */
interface Found {
  readonly scenarioSha256: string
  readonly sources: readonly (Omit<RecordedSource, 'policy' | 'source' | 'staleAfterMs'> & {
    readonly staleAfterMs?: number | undefined
    readonly policy: RetryPolicy
  })[]
  readonly events: number
  readonly types: readonly string[]
}

export function recordedPlanOf(plan: Plan, { sources, ...found }: Found): RecordedPlan {
  const { runId, settings, durationMs, ratePerS, trace, routes } = plan
  const { shape: _, ...scenario } = plan.scenario
  const mix = scenario.mix.map(({ share }, at) => ({ provider: routes[at]!.source, share }))
  return recordedPlanSchema.parse({
    format: PLAN_FORMAT,
    runId,
    seed: settings.seed,
    durationMs,
    ratePerS,
    peakPerS: ratePerS * peakOf(plan.scenario, trace?.length),
    scenario: { ...scenario, mix },
    trace,
    sources: sources.map(({ policy, ...one }, at) => ({
      ...one,
      source: routes[at]!.source,
      policy: { ...policy, waits: waitsOf(policy) },
    })),
    ...found,
  })
}

function waitsOf(policy: RetryPolicy) {
  return Array.from({ length: Math.max(0, policy.attemptsMax - 1) }, (_, at) => waitRangeMs(policy, at + 2))
}

/** The policy again, as far as a report asks for it: a wait is drawn evenly between its ends. */
export function policyOf({ policy: { waits, ...policy } }: RecordedSource): RetryPolicy {
  const waitMs: RetryPolicy['waitMs'] = (attempt, random) => {
    const [leastMs, mostMs] = waits[attempt - 2] ?? waits.at(-1) ?? [0, 0]
    return leastMs + (mostMs - leastMs) * random()
  }
  return { ...policy, waitMs } as RetryPolicy
}
