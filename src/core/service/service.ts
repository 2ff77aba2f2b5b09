import { markMsFor } from '../base/mark-life.ts'
import type { Clock } from '../contracts/clock.ts'
import type { CrashPoint } from '../contracts/crash-point.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { type Effects, type Ledger, MARK_TTL_MS } from '../contracts/ledger.ts'
import type { Observer } from '../contracts/observer.ts'
import type { Route } from '../contracts/provider.ts'
import type { Queue } from '../contracts/queue.ts'
import type { Random } from '../contracts/random.ts'
import type { Ingest, IngestCounts, ListenHandle, Receiver, RunningReceiver, TlsSource } from '../contracts/receiver.ts'
import type { RefusedRequest } from '../contracts/refusal.ts'
import { knownTo } from '../handling/known.ts'
import type { GapOptions } from '../processing/gaps.ts'
import { type Processor, startProcessor } from '../processing/processor.ts'
import type { ProcessorState } from '../processing/processor-counts.ts'
import type { Classify } from '../processing/retry-class.ts'
import { createBatcher } from '../receiving/batcher.ts'
import { createIngest, type IngestOptions } from '../receiving/ingest.ts'
import { limitsOf, type ServiceLimits } from './limits.ts'
import { WorkPace } from './pace.ts'
import { Readiness, type ServicePart } from './readiness.ts'
import { type ReconcilerOptions, startReconciler } from './reconciler.ts'
import { checkSizes } from './sizes.ts'

export interface ServiceOptions {
  readonly queue: Queue
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<ServiceLimits>
  /** Absent: this process takes no requests. */
  readonly receiving?: {
    readonly receiver: Receiver
    readonly routes: readonly Route[]
    /** A port that another process holds. Absent: the limits' host and port. */
    readonly handle?: ListenHandle
    readonly tls?: TlsSource
    /** See IngestOptions. */
    readonly trustedProxies?: readonly string[]
    /** See IngestOptions. */
    readonly grants?: NonNullable<IngestOptions['grants']>
    /** See IngestOptions. */
    readonly ceilingPerS?: number
    /** See IngestOptions. */
    readonly renewSecrets?: (route: Route) => Promise<boolean> | undefined
    /** See IngestOptions. Default: the ledger of `processing` is asked. */
    readonly isKnown?: NonNullable<IngestOptions['isKnown']>
    /** Told of refused requests, now and then: see IngestOptions. */
    readonly onRefused?: (refusal: RefusedRequest) => void
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
  /** Told of our own failures. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly observer?: Observer
  readonly crashPoint?: CrashPoint
}

export interface Service {
  /** undefined where nothing is received. */
  readonly port: number | undefined
  /** undefined where nothing is processed. */
  readonly counts: Readonly<ProcessorState> | undefined
  /** undefined where nothing is received. */
  readonly received: IngestCounts | undefined
  /** Replaces the secrets of a source's routes while it runs; see Ingest.rotateSecrets. @throws FloodmarkError 'misuse' also where nothing is received. */
  rotateSecrets: Ingest['rotateSecrets']
  /** /readyz says 503 from now on, so that a balancer sends no more here. All else goes on until `stop`. */
  leave(): void
  /** Stops accepting, answers and stores requests in progress, settles running batches, closes queue and ledger. Twice is fine. */
  stop(): Promise<void>
}

/** A processor with events before it that has moved none for this long, in leases, is stuck. */
const STUCK_LEASES = 3

/**
 * A receiver, a queue, a processor and a ledger: what a run measures, and what runs in production. One process holds all of
 * it, or, where queue and ledger are shared, some processes receive and others process. Where the start fails, queue and
 * ledger are closed and nothing goes on. @throws FloodmarkError 'misuse' where a limit cannot be kept, or where a
 * sender goes on for longer than the ledger remembers its events.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { queue, processing } = options
  const stopping = new AbortController()
  const parts: { processor?: Processor; receiving?: Receiving; readiness?: Readiness } = {}
  const stop = async () => {
    await parts.receiving?.stop()
    stopping.abort()
    await parts.processor?.done
    await queue.close()
    await processing?.ledger.close()
  }
  try {
    const limits = limitsOf(options.limits)
    checkMemory(options)
    if (options.receiving) checkSizes(limits, options.limits, options.receiving.routes, queue.traits)
    if (processing) parts.processor = startProcessing(options, processing, limits, stopping.signal)
    if (options.receiving) {
      const readiness = readinessOf(options, limits, parts.processor)
      parts.readiness = readiness
      await readiness.start(stopping.signal)
      parts.receiving = await startReceiving(options, options.receiving, limits, readiness)
    }
  } catch (error) {
    await stop().catch(options.onError)
    throw error
  }
  let stopped: Promise<void> | undefined
  return {
    port: parts.receiving?.port,
    counts: parts.processor?.counts,
    received: parts.receiving?.counts,
    async rotateSecrets(source, secrets) {
      if (!parts.receiving) throw new FloodmarkError('misuse', 'this process receives nothing: it has no secrets')
      await parts.receiving.rotateSecrets(source, secrets)
    },
    leave: () => parts.readiness?.leave(),
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}

/** Events of senders that go on for longer than MARK_TTL_MS say so themselves, and every ledger heeds that. */
function checkMemory({ receiving, processing }: ServiceOptions): void {
  if (!receiving || !processing) return
  const { ttlMs } = processing.ledger.traits
  for (const { source, provider } of receiving.routes) {
    const neededMs = Math.min(markMsFor(provider.delivery), MARK_TTL_MS)
    if (ttlMs >= neededMs) continue
    const what = `the ledger remembers ids for ${ttlMs} ms, and ${source} sends an event again for longer`
    throw new FloodmarkError('misuse', `${what}: open the ledger with a ttlMs of ${neededMs} or more`)
  }
}

function startProcessing(
  options: ServiceOptions,
  processing: NonNullable<ServiceOptions['processing']>,
  limits: ServiceLimits,
  signal: AbortSignal,
): Processor {
  const { queue, clock, random, observer, crashPoint, onError } = options
  const told = { onError, ...(observer && { observer }), ...(crashPoint && { crashPoint }) }
  return startProcessor({ ...limits, queue, clock, random, ...processing, signal, ...told })
}

/** What must work for an event to be stored, and, where this process processes, to take effect. */
function readinessOf(options: ServiceOptions, limits: ServiceLimits, processor: Processor | undefined): Readiness {
  const { queue, clock, processing, onError } = options
  const parts: ServicePart[] = [{ name: 'queue', check: () => queue.probe() }]
  if (processing && processor) {
    parts.push({ name: 'ledger', check: () => processing.ledger.probe() })
    parts.push({ name: 'consumer', check: movesOf(queue, processor, clock, STUCK_LEASES * limits.leaseMs) })
  }
  return new Readiness({ parts, clock, everyMs: limits.readyEveryMs, onError })
}

/** Rejects when the consumer has ended, or has moved nothing for so long although something waits and nothing is paused. */
function movesOf(queue: Queue, { counts }: Processor, clock: Clock, stuckMs: number): () => Promise<void> {
  let moved = -1
  let movedAtMs = clock.monotonic()
  return async () => {
    if (!counts.isConsuming) throw new FloodmarkError('unavailable', 'it has ended, and is begun again after a wait')
    const { applied, failed, buried, duplicates, busy } = counts
    const now = applied + failed + buried + duplicates + busy
    const isAtRest = moved === now && counts.circuitsOpen === 0 && (await queue.depth()).waiting > 0
    if (!isAtRest) movedAtMs = clock.monotonic()
    moved = now
    const forMs = clock.monotonic() - movedAtMs
    if (forMs >= stuckMs)
      throw new FloodmarkError('unavailable', `events wait, and none has moved for ${Math.round(forMs / 1_000)} s`)
  }
}

type Receiving = RunningReceiver & Pick<Ingest, 'counts' | 'rotateSecrets'>

async function startReceiving(
  options: ServiceOptions,
  { receiver, routes, handle, tls, reconciling, onRefused, ...asked }: NonNullable<ServiceOptions['receiving']>,
  limits: ServiceLimits,
  { ready }: Readiness,
): Promise<Receiving> {
  const { queue, clock, random, onError, observer, crashPoint } = options
  const { publishesMax, waitingBytesMax, publishDeadlineMs: deadlineMs } = limits
  const { lingerMs = limits.lingerMs } = queue.traits
  const batcher = createBatcher({ queue, clock, lingerMs, publishesMax, waitingBytesMax, deadlineMs })
  const { publish } = batcher
  const pace: WorkPace = new WorkPace(queue, clock, () => ingest.counts.accepted)
  const isKnown = options.processing && knownBy(options.processing, clock)
  const ingest: Ingest = createIngest({
    ...{ routes, publish, ready, clock, onError, random },
    backlogS: () => pace.backlogS(),
    ...(isKnown && { isKnown }),
    ...(onRefused && { onRefused }),
    ...asked,
    ...(observer && { observer }),
    ...(crashPoint && { crashPoint }),
  })
  const running = await receiver({ ...limits, clock, ingest, ...(handle && { handle }), ...(tls && { tls }) })
  const ledgerTtlMs = options.processing?.ledger.traits.ttlMs ?? MARK_TTL_MS
  const reconciler = reconciling && startReconciler({ ledgerTtlMs, ...reconciling, publish, clock, random, onError })
  return {
    port: running.port,
    counts: ingest.counts,
    rotateSecrets: ingest.rotateSecrets,
    async stop() {
      await reconciler?.stop()
      await running.stop()
      await batcher.flush()
    },
  }
}

function knownBy({ ledger, effect }: NonNullable<ServiceOptions['processing']>, clock: Clock) {
  return ledger.lookup && knownTo({ lookup: (ids) => ledger.lookup!(ids) }, effect, clock)
}
