import { z } from 'zod'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { EVENT_LIMITS } from '../../core/contracts/event.ts'
import type { FaultKind } from '../faults/fault-kind.ts'
import { FAULT_KINDS, faultSchema, kindOf, type PlannedFault } from '../faults/index.ts'
import { checkDrift, driftSchema } from './drift-field.ts'
import { withOwnProviders } from './own-providers.ts'
import { mistakesOf, plainWords } from './plain-words.ts'
import { lineOf } from './plugins.ts'
import { moduleOf } from './registry.ts'
import { ATTACK_KINDS, type Scenario } from './scenario.ts'

const DAY_MS = 86_400_000
/** So many points of a shape are tried, both ends among them. */
const SHAPE_POINTS = 201
const KEYS_MAX = 10_000_000
const COPIES_MAX = 100
const BALANCER_MS_MAX = 600_000
const PROCESSES_MAX = 64
const ATTACK_TIMES_MAX = 100
const ATTACK_CONNECTIONS_MAX = 1_000

const positive = z.number().positive()
const notNegative = z.number().nonnegative()
const share = z.number().min(0).max(1)
const bytes = z
  .strictObject({ min: z.int().min(1), max: z.int().max(EVENT_LIMITS.bodyBytesMax) })
  .refine(({ min, max }) => min <= max, 'min must be at most max')
const runMs = z.number().min(1_000).max(DAY_MS)

/** Only what a bug buried takes effect when it comes again. */
const burying = Object.entries<FaultKind>(FAULT_KINDS).flatMap(([what, { buries }]) => (buries ? [what] : []))
const ofReplays = { at: share, ratePerS: positive.max(100_000) }
const replay = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('dead-letters'), ...ofReplays, buriedBy: z.enum(burying) }),
  z.strictObject({ of: z.literal('recorded'), ...ofReplays, first: share.positive() }),
])
const attack = z.strictObject({
  kind: z.enum(ATTACK_KINDS),
  at: share,
  forMs: positive,
  times: positive.max(ATTACK_TIMES_MAX),
  connections: z.int().min(1).max(ATTACK_CONNECTIONS_MAX).optional(),
})

const shape = z.custom<Scenario['shape']>((value) => typeof value === 'function', 'must be a function of 0-1')
const phases = z.array(z.strictObject({ name: z.string().min(1), until: share })).nonempty()
const mix = z
  .array(z.strictObject({ provider: z.string(), share: positive, bodies: z.string().min(1).optional() }))
  .nonempty()

export const scenarioSchema = z.strictObject({
  name: z.string().min(1),
  question: z.string().min(1),
  durationMs: runMs,
  quickMs: runMs,
  shape: shape.superRefine((of, context) => {
    const wrong = wrongPoint(of)
    if (wrong) context.addIssue(wrong)
  }),
  phases: phases.superRefine((all, context) => {
    for (const [at, { until }] of all.entries()) {
      const after = all[at - 1]?.until ?? 0
      const wrong = until <= after ? `must be more than ${after}, where it begins` : undefined
      const open = at === all.length - 1 && until !== 1 ? 'the last phase must end at 1' : undefined
      const message = wrong ?? open
      if (message) context.addIssue({ code: 'custom', path: [at, 'until'], message })
    }
  }),
  ratePerS: positive.max(10_000_000),
  mix: mix.superRefine((all, context) => {
    for (const [at, { provider }] of all.entries()) {
      const twice = all.findIndex((one) => one.provider === provider) < at
      const message = twice ? `'${provider}' is there already: give it one share` : unknownProvider(provider)
      if (message) context.addIssue({ code: 'custom', path: [at, 'provider'], message })
    }
  }),
  keys: z.strictObject({ count: z.int().min(1).max(KEYS_MAX), zipf: notNegative }),
  effects: z.strictObject({ failOnce: share, failAlways: share }),
  longBodies: z.strictObject({ share, bytes }).optional(),
  claimCheck: z.strictObject({ share, bytes, unavailableOnce: share, altered: share }).optional(),
  reconcile: z.strictObject({ lostShare: share, everyMs: positive, overlapMs: notNegative }).optional(),
  copiesMax: z.int().min(1).max(COPIES_MAX).optional(),
  faults: z.array(faultSchema()),
  attacks: z.array(attack).nonempty().optional(),
  retries: z.strictObject({ timeScale: positive, tailMs: notNegative, timeoutScale: positive.optional() }).optional(),
  balancer: z.strictObject({ tryMs: positive.max(BALANCER_MS_MAX) }).optional(),
  processesMin: z.int().min(1).max(PROCESSES_MAX).optional(),
  replays: z.array(replay).optional(),
  drift: driftSchema.optional(),
  passes: z.strictObject({
    acceptP99Ms: positive,
    eventP99Ms: positive.optional(),
    effectP99Ms: positive.optional(),
    drainMs: positive,
    refusals: z.literal('allowed').optional(),
    deadLetters: z.strictObject({ warn: z.int().min(1), fail: z.int().min(1) }).optional(),
    memoryBytesMax: positive.optional(),
  }),
})

/** The first point at which a shape does not give a rate, in words. */
function wrongPoint(of: Scenario['shape']): string | undefined {
  for (let point = 0; point < SHAPE_POINTS; point++) {
    const at = point / (SHAPE_POINTS - 1)
    try {
      const times: unknown = of(at)
      if (Number.isFinite(times) && (times as number) >= 0) continue
      return `gives ${String(times)} at ${at}: it must be a number of 0 or more`
    } catch (error) {
      return `throws at ${at}: ${lineOf(error)}`
    }
  }
}

function unknownProvider(name: string): string | undefined {
  try {
    moduleOf('provider', name)
  } catch (error) {
    return messageOf(error)
  }
}

interface BesideMix {
  readonly mix: readonly { readonly provider: string }[]
  readonly faults: readonly PlannedFault[]
}

/** A bug strikes events that are sent. Whether they have its type is asked where providers are loaded. */
function checkBugs({ faults, mix }: BesideMix, context: z.RefinementCtx): void {
  const sources = mix.map(({ provider }) => provider)
  for (const [at, fault] of faults.entries()) {
    const provider = kindOf(fault).buries?.events(fault).provider
    if (provider === undefined || sources.includes(provider)) continue
    const message = `'${provider}' is not in the mix: use one of ${sources.join(', ')}`
    context.addIssue({ code: 'custom', path: ['faults', at, 'provider'], message })
  }
}

/** Every mistake of a scenario by its field, in one line; undefined when there is none. */
export function mistakesIn(scenario: unknown): string | undefined {
  const whole = scenarioSchema.superRefine(checkDrift).superRefine(checkBugs)
  const { error } = whole.safeParse(scenario, { error: plainWords })
  return error && mistakesOf(error)
}

/**
 * The scenario that a module exports as its default. `name`: what the person calls it.
 * @throws FloodmarkError 'misuse' when it cannot be loaded, or is not a scenario.
 */
export async function loadScenario(module: string, name: string): Promise<Scenario> {
  let scenario: unknown
  try {
    scenario = (await import(module)).default
  } catch (cause) {
    throw new FloodmarkError('misuse', `${name}: cannot be loaded: ${lineOf(cause)}`, { cause })
  }
  if (scenario === undefined) {
    throw new FloodmarkError('misuse', `${name}: no default export: write export default defineScenario({ … })`)
  }
  const placed = withOwnProviders((scenario ?? {}) as Scenario, module)
  const wrong = mistakesIn(scenario === null ? null : placed)
  if (wrong) throw new FloodmarkError('misuse', `${name}: ${wrong}`)
  return placed
}
