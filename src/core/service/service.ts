import type { Backoff } from '../base/backoff.ts'
import type { Clock } from '../contracts/clock.ts'
import type { CrashPoint } from '../contracts/crash-point.ts'
import type { Effects, Ledger } from '../contracts/ledger.ts'
import type { Route } from '../contracts/provider.ts'
import type { Queue } from '../contracts/queue.ts'
import type { Random } from '../contracts/random.ts'
import type { IngestCounts, Receiver, RunningReceiver } from '../contracts/receiver.ts'
import type { CircuitLimits } from '../processing/circuit.ts'
import type { GapOptions } from '../processing/gaps.ts'
import { startProcessor } from '../processing/processor.ts'
import type { ProcessorState } from '../processing/processor-counts.ts'
import type { Classify } from '../processing/retry-class.ts'
import { createBatcher } from '../receiving/batcher.ts'
import { createIngest } from '../receiving/ingest.ts'
import { type ReconcilerOptions, startReconciler } from './reconciler.ts'

/** Every limit of a service, in one place; a run's report and a production start use the same. */
export const SERVICE_DEFAULTS = {
  host: '127.0.0.1',
  port: 0,
  bodyBytesMax: 1024 * 1024,
  heldBytesMax: 128 * 1024 * 1024,
  inFlightMax: 2_000,
  connectionsMax: 10_000,
  requestMs: 10_000,
  keepAliveMs: 72_000,
  lingerMs: 0,
  publishesMax: 4,
  waitingBytesMax: 64 * 1024 * 1024,
  publishDeadlineMs: 5_000,
  retryForMs: 24 * 3_600_000,
  attemptsMin: 5,
  backoff: { baseMs: 1_000, capMs: 600_000 } as Backoff,
  batchEventsMax: 256,
  handlersMax: 2,
  leaseMs: 30_000,
  effectMs: 10_000,
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

export interface ServiceOptions {
  readonly queue: Queue
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<ServiceLimits>
  /** Absent: this process takes no requests. */
  readonly receiving?: {
    readonly receiver: Receiver
    readonly routes: readonly Route[]
    /** Also reads the providers' lists, for webhooks that never come. One process of a deployment does. */
    readonly reconciling?: Omit<ReconcilerOptions, 'publish' | 'clock' | 'random' | 'onError'>
  }
  /** Absent: this process processes nothing. */
  readonly processing?: {
    readonly ledger: Ledger
    readonly effect: Effects
    readonly classify?: Classify
    readonly gaps?: GapOptions
  }
  /** Told of what is our fault. */
  readonly onError: (error: unknown) => void
  readonly crashPoint?: CrashPoint
}

export interface Service {
  /** undefined where nothing is received. */
  readonly port: number | undefined
  /** undefined where nothing is processed. */
  readonly counts: Readonly<ProcessorState> | undefined
  /** undefined where nothing is received. */
  readonly received: IngestCounts | undefined
  /** Stops accepting, answers and stores what is in progress, settles running batches, closes queue and ledger. Twice is fine. */
  stop(): Promise<void>
}

/**
 * A receiver, a queue, a processor and a ledger: what a run measures, and what runs in production. One process holds all of
 * it, or, where queue and ledger are shared, some processes receive and others process.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { queue, onError, processing } = options
  const limits = { ...SERVICE_DEFAULTS, ...options.limits }
  const stopping = new AbortController()
  const processor = processing && startProcessing(options, processing, limits, stopping.signal)
  processor?.done.catch(onError)
  const receiving = options.receiving && (await startReceiving(options, options.receiving, limits))
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await receiving?.stop()
    stopping.abort()
    await processor?.done.catch(() => {})
    await queue.close()
    await processing?.ledger.close()
  }
  return {
    port: receiving?.port,
    counts: processor?.counts,
    received: receiving?.counts,
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}

function startProcessing(
  options: ServiceOptions,
  processing: NonNullable<ServiceOptions['processing']>,
  limits: ServiceLimits,
  signal: AbortSignal,
) {
  const { queue, clock, random, crashPoint, onError } = options
  const parts = { queue, clock, random, onError, ...processing, signal, ...(crashPoint && { crashPoint }) }
  return startProcessor({ ...limits, ...parts })
}

async function startReceiving(
  options: ServiceOptions,
  { receiver, routes, reconciling }: NonNullable<ServiceOptions['receiving']>,
  limits: ServiceLimits,
): Promise<RunningReceiver & { readonly counts: IngestCounts }> {
  const { queue, clock, random, onError, crashPoint, processing } = options
  const { lingerMs, publishesMax, waitingBytesMax, publishDeadlineMs: deadlineMs } = limits
  const batcher = createBatcher({ queue, clock, lingerMs, publishesMax, waitingBytesMax, deadlineMs })
  const ready = async () => void (await Promise.all([queue.depth(), processing?.ledger.read('ready')]))
  const { publish } = batcher
  const ingest = createIngest({ routes, publish, ready, clock, onError, ...(crashPoint && { crashPoint }) })
  const running = await receiver({ ...limits, clock, ingest })
  const reconciler = reconciling && startReconciler({ ...reconciling, publish, clock, random, onError })
  return {
    port: running.port,
    counts: ingest.counts,
    async stop() {
      await reconciler?.stop()
      await running.stop()
      await batcher.flush()
    },
  }
}
