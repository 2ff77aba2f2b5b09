import type { Backoff } from '../base/backoff.ts'
import { shareOfMemory } from '../base/memory.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { CircuitLimits } from '../processing/circuit.ts'
import { BATCH_BYTES_MAX } from '../processing/dispatcher.ts'

/** Every limit of a service, in one place. Those of memory are lower in a small container. A run's report and a production start use the same. */
export const SERVICE_DEFAULTS = {
  host: '127.0.0.1',
  port: 0,
  bodyBytesMax: 1024 * 1024,
  /** A body that is being received takes up to three times its bytes for a moment. */
  heldBytesMax: shareOfMemory(1 / 16, 128 * 1024 * 1024),
  inFlightMax: 2_000,
  connectionsMax: 10_000,
  requestMs: 10_000,
  keepAliveMs: 72_000,
  lingerMs: 0,
  publishesMax: 4,
  waitingBytesMax: shareOfMemory(1 / 16, 64 * 1024 * 1024),
  publishDeadlineMs: 5_000,
  retryForMs: 24 * 3_600_000,
  attemptsMin: 5,
  backoff: { baseMs: 1_000, capMs: 600_000 } as Backoff,
  batchEventsMax: 256,
  batchBytesMax: BATCH_BYTES_MAX,
  handlersMax: 2,
  leaseMs: 30_000,
  effectMs: 10_000,
  /** How often the parts that /readyz answers for are looked at, ms. */
  readyEveryMs: 2_000,
  circuit: {
    share: 0.8,
    outcomesMin: 20,
    failedInARowMax: 5,
    outcomesMax: 30,
    windowMs: 10_000,
    openMs: 1_000,
    openMsMax: 30_000,
    probesMax: 3,
    freeRoundsMax: 20,
  } as CircuitLimits,
} as const

type Widened<T> = T extends number ? number : T extends string ? string : T
export type ServiceLimits = {
  readonly [name in keyof typeof SERVICE_DEFAULTS]: Widened<(typeof SERVICE_DEFAULTS)[name]>
}

/** These may be 0. All others must be 1 or more. */
const MAY_BE_ZERO = ['port', 'lingerMs', 'retryForMs']
/** Times and sizes may have a fraction; these are counted. */
const COUNTED = /^(port|attemptsMin)$|Max$/

/** The defaults, with the given limits in their place. @throws FloodmarkError 'misuse' that names the first limit that cannot be kept. */
export function limitsOf(given: Partial<ServiceLimits> = {}): ServiceLimits {
  const limits = { ...SERVICE_DEFAULTS, ...given }
  for (const [name, value] of Object.entries(limits)) if (typeof value === 'number') checkLimit(name, value)
  const { backoff, effectMs, leaseMs } = limits
  checkLimit('backoff.baseMs', backoff.baseMs)
  checkLimit('backoff.capMs', backoff.capMs)
  if (effectMs >= leaseMs) {
    const what = `effectMs is ${effectMs}, leaseMs is ${leaseMs}`
    throw new FloodmarkError('misuse', `${what}: give an effect less time than its lease has`)
  }
  return limits
}

function checkLimit(name: string, value: number): void {
  const least = MAY_BE_ZERO.includes(name) ? 0 : 1
  const counted = COUNTED.test(name) && !name.endsWith('Ms')
  if (Number.isFinite(value) && value >= least && (!counted || Number.isInteger(value))) return
  throw new FloodmarkError(
    'misuse',
    `the limit ${name} is ${value}: give a${counted ? ' whole' : ''} number of ${least} or more`,
  )
}
