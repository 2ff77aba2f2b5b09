import type { Backoff } from './backoff.ts'
import { createBatcher } from './batcher.ts'
import type { Clock } from './clock.ts'
import type { CrashPoint } from './crash-point.ts'
import { createIngest } from './ingest.ts'
import type { Effect, Ledger } from './ledger.ts'
import { type ProcessorCounts, startProcessor } from './processor.ts'
import type { Route } from './provider.ts'
import type { Queue } from './queue.ts'
import type { Random } from './random.ts'
import type { Receiver } from './receiver.ts'

/** Every limit of a service, in one place; a run's report and a production start use the same. */
export const SERVICE_DEFAULTS = {
  host: '127.0.0.1',
  port: 0,
  bodyBytesMax: 1024 * 1024,
  inFlightMax: 2_000,
  connectionsMax: 10_000,
  requestMs: 10_000,
  keepAliveMs: 72_000,
  lingerMs: 0,
  publishesMax: 4,
  waitingBytesMax: 64 * 1024 * 1024,
  publishDeadlineMs: 5_000,
  attemptsMax: 5,
  backoff: { baseMs: 50, capMs: 30_000 } as Backoff,
  batchEventsMax: 256,
  handlersMax: 2,
  leaseMs: 30_000,
  effectMs: 10_000,
} as const

export type ServiceLimits = {
  readonly [name in keyof typeof SERVICE_DEFAULTS]: (typeof SERVICE_DEFAULTS)[name] extends number
    ? number
    : (typeof SERVICE_DEFAULTS)[name] extends string
      ? string
      : Backoff
}

export interface ServiceOptions {
  readonly receiver: Receiver
  readonly queue: Queue
  readonly ledger: Ledger
  readonly routes: readonly Route[]
  readonly effect: Effect
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<ServiceLimits>
  /** Told of what is our fault. */
  readonly onError: (error: unknown) => void
  readonly crashPoint?: CrashPoint
}

export interface Service {
  readonly port: number
  readonly counts: Readonly<ProcessorCounts>
  /** Stops accepting, answers and stores what is in progress, settles running batches, closes queue and ledger. */
  stop(): Promise<void>
}

/** A receiver, a queue, a processor and a ledger in one process: what a run measures, and what runs in production. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { queue, ledger, clock, crashPoint } = options
  const limits = { ...SERVICE_DEFAULTS, ...options.limits }
  const stopping = new AbortController()
  const point = crashPoint ? { crashPoint } : {}
  const { lingerMs, publishesMax, waitingBytesMax, publishDeadlineMs: deadlineMs } = limits
  const batcher = createBatcher({ queue, clock, lingerMs, publishesMax, waitingBytesMax, deadlineMs })
  const ready = async () => void (await Promise.all([queue.depth(), ledger.read('ready')]))
  const { routes, effect, random, onError } = options
  const ingest = createIngest({ routes, publish: batcher.publish, ready, clock, onError, ...point })
  const processor = startProcessor({
    queue,
    ledger,
    effect,
    clock,
    random,
    ...limits,
    signal: stopping.signal,
    ...point,
  })
  processor.done.catch(onError)
  const receiver = await options.receiver({ ...limits, clock, ingest })
  return {
    port: receiver.port,
    counts: processor.counts,
    async stop() {
      await receiver.stop()
      await batcher.flush()
      stopping.abort()
      await processor.done.catch(() => {})
      await queue.close()
      await ledger.close()
    },
  }
}
