import type { Clock } from './clock.ts'
import { type ErrorCode, FloodmarkError } from './errors.ts'
import type { WebhookEvent } from './event.ts'
import type { Quota } from './quota.ts'

/** A way to fail that an accepted event may have to live through. Faults are what a scenario injects on purpose. */
export type FailureMode = 'receiver-crash' | 'broker-crash' | 'power-loss' | 'host-loss'

/** What this opened queue really does: read from the server's own answers, never from a brochure; checked by the contract suite. */
export interface QueueTraits {
  readonly name: string
  /** Product and version that answered; says so when it is an emulator. */
  readonly server: string
  /** Failures that every published event survives once publish() has resolved. */
  readonly survives: readonly FailureMode[]
  /** Folders of this machine that hold the events: there it can be seen what a sync is worth. Absent: none is known. */
  readonly dataFolders?: readonly string[]
  /** 'key': a stalled key delays only itself. 'lane': keys share a partition and stall together. Both outlive retries. 'none': not kept. */
  readonly order: 'key' | 'lane' | 'none'
  /** Whether Delivery.count is the broker's own and outlives a consumer crash. */
  readonly countsDeliveries: boolean
  /** For so many ms a publish of a known id is silently swallowed. 0: never. */
  readonly dedupWindowMs: number
  /** True when receivers and processors may be different processes or hosts. */
  readonly shared: boolean
  /** Most events in one publish(). */
  readonly publishEventsMax: number
  /** Most bytes (as the codec counts them) of one publish(), and so of one event. */
  readonly publishBytesMax: number
  /** For so many ms an event should wait for others to be published with it, where the queue's address says so. */
  readonly lingerMs?: number
}

export interface Delivery {
  readonly event: WebhookEvent
  /** From 1; undefined where the broker keeps no count. For people and reports: it also counts deliveries that only waited. Lost tries are counted by the ledger, see Claim. */
  readonly count: number | undefined
}

/** 'ack': never deliver again. Otherwise again, no sooner than retryInMs (0 or more). */
export type Verdict = 'ack' | { readonly retryInMs: number }

/** Gives the verdict on one delivery, by its position, before the whole batch is judged: its key goes on at once. */
export type Tell = (position: number, verdict: Verdict) => void

/**
 * Judges a batch: one verdict per delivery, same order; one that was told already stays as it was told. Once a delivery
 * gets a retry verdict, every later one in the batch with the same source and key must get one too. Rejecting means that
 * all is retried of which no verdict was told.
 */
export type Handler = (batch: readonly Delivery[], tell: Tell) => Promise<readonly Verdict[]>

export interface ConsumeOptions {
  /** Most deliveries in one handler call. */
  readonly batchEventsMax: number
  /** Most bytes in one handler call, as the codec counts them; an event that is larger comes alone. Default: by this process's memory. */
  readonly batchBytesMax?: number
  /** So many full batches may be in handlers' hands. A call of which most is judged leaves room for others. */
  readonly handlersMax: number
  /** A delivery without a verdict for this long, ms, may go to another consumer; a late verdict is then ignored. */
  readonly leaseMs: number
  /** Abort: no new fetch, running handlers finish, their verdicts are settled, then consume() resolves. */
  readonly signal: AbortSignal
  /**
   * Told once of each event that waits and cannot be delivered, as when its stored bytes are damaged, and of trouble with the server that
   * lasts. Must not throw.
   */
  readonly onError?: (error: unknown) => void
}

export interface Depth {
  readonly waiting: number
  readonly inFlight: number
  /** Age of the oldest waiting event, ms, where known. */
  readonly oldestMs: number | undefined
  readonly exact: boolean
}

/** At-least-once delivery, whatever is underneath. */
export interface Queue {
  readonly traits: QueueTraits
  /**
   * Resolves when every event is as safe as traits.survives says. Concurrent calls are fine; calls take effect in
   * the order they were made. Retains the events until it settles.
   * @throws PublishError if any event is not known to be safe, or deadlineMs passed. Code 'overloaded': the queue is
   * full, definite. 'too-large': beyond publishBytesMax, definite. 'unavailable': the server or disk failed. Never retries.
   */
  publish(events: readonly WebhookEvent[], options: { readonly deadlineMs: number }): Promise<void>
  /**
   * Delivers until the signal aborts. A server that is away is waited for, for however long. Where order is not 'none', one key
   * of a source is never in two handlers' hands at once (unless a lease ran out). A verdict that cannot be settled is not an
   * error; the event comes again.
   * @throws FloodmarkError 'unavailable' when this consumer cannot go on. A service begins another one, again and again.
   */
  consume(handle: Handler, options: ConsumeOptions): Promise<void>
  /**
   * Resolves when an event could be published now: by a write where publish() writes, where the queue allows one that leaves
   * nothing behind, else by asking those who would store it. Rejects as publish() would.
   */
  probe(): Promise<void>
  /** A reading for reports and alarms. Never branch on it to decide that work is finished. Rejects when the server does not answer. */
  depth(): Promise<Depth>
  /** Lets running publishes settle, then frees everything. Consumers must have been aborted first. Twice is fine. */
  close(): Promise<void>
}

export class PublishError extends FloodmarkError {
  override readonly name = 'PublishError'
  /** Positions in the published array that are not known to be safe. Never empty. */
  readonly unsafe: readonly number[]

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly unsafe: readonly number[]; readonly definite: boolean; readonly cause?: unknown },
  ) {
    super(code, message, options)
    this.unsafe = options.unsafe
  }

  /** No event of the publish is known to be safe. */
  static all(
    events: readonly unknown[],
    code: ErrorCode,
    message: string,
    options: { readonly definite: boolean; readonly cause?: unknown },
  ): PublishError {
    return new PublishError(code, message, { ...options, unsafe: events.map((_, position) => position) })
  }
}

export interface QueueOpenOptions {
  /** A server's address, or a folder's path for a queue on local disk. */
  readonly url: string
  /** Keeps runs on one server apart: [a-z0-9-], 1-64. */
  readonly namespace: string
  /** Stored and unsettled bytes beyond which publish() is refused as 'overloaded', where the queue is ours to bound. */
  readonly bytesMax?: number
  /** Memory that waiting events may take, in bytes, where the queue keeps them in this process. Default: a share of its heap's limit. */
  readonly memoryBytesMax?: number
  /**
   * What it writes ends by itself so many ms after it was written first, where the server can do that. Absent, as in any
   * service: it stays.
   */
  readonly keptMs?: number
  readonly clock?: Clock
}

/** What every file in queues/ exports by default. */
export interface QueueDriver {
  /**
   * The kind of server that `url` must lead to. A run can find or start the kinds of src/runner/servers/kinds; for any other
   * kind the address must be given. Absent: unless an address is given, `url` is a folder on local disk.
   */
  readonly server?: string
  /** @throws FloodmarkError 'unavailable' when it cannot be reached or opened, 'misuse' when the URL is not one of its own. */
  open(options: QueueOpenOptions): Promise<Queue>
  /** What the server of an opened queue allows. Absent: no quota is known. Rejects where it cannot be asked. */
  quotas?(options: { readonly url: string; readonly namespace: string }): Promise<readonly Quota[]>
  /** Deletes the namespace. Succeeds when there is nothing to delete. */
  drop(options: { readonly url: string; readonly namespace: string }): Promise<void>
}
