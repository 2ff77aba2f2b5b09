import { encodedBytes } from '../base/codec.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import { PublishError, type Queue } from '../contracts/queue.ts'

export interface BatcherOptions {
  readonly queue: Pick<Queue, 'publish' | 'traits'>
  readonly clock: Clock
  /** The first event of a batch may wait so many ms for others. 0: until the end of this turn of the event loop. */
  readonly lingerMs: number
  /** Most publishes under way at once; while they are, the next batch grows. */
  readonly publishesMax: number
  /** Most bytes collected and not yet safe; beyond that publish() is refused as 'overloaded'. */
  readonly waitingBytesMax: number
  readonly deadlineMs: number
  /** Calls `fn` at the end of this turn of the event loop. Default: setImmediate; virtual time has turns of its own. */
  readonly soon?: (fn: () => void) => void
}

export interface Batcher {
  /** Resolves when the event is as safe as the queue's traits say. @throws as Queue.publish, for this event alone. */
  publish(event: WebhookEvent): Promise<void>
  /** Sends the collected events and resolves when everything has settled. */
  flush(): Promise<void>
}

/** The events of one publish. Every caller waits for the same promise, and then for its own event's fate. */
interface PublishBatch {
  readonly events: WebhookEvent[]
  bytes: number
  /** Resolves to the failure and the positions it concerns (undefined: all), or to undefined. */
  readonly settled: Promise<Failure | undefined>
  readonly settle: (failure: Failure | undefined) => void
}

interface Failure {
  readonly error: unknown
  readonly unsafe: ReadonlySet<number> | undefined
}

const nothing = () => {}

/** Groups publishes by size or linger, within the queue's maxima: above the drivers, so that all are treated alike. */
export function createBatcher(options: BatcherOptions): Batcher {
  const { queue, clock, lingerMs, publishesMax, deadlineMs, soon = setImmediate } = options
  const { publishEventsMax, publishBytesMax } = queue.traits
  const running = new Set<Promise<void>>()
  /** Oldest first; only the last one still takes events. */
  const waiting: PublishBatch[] = []
  let unsafeBytes = 0
  /** Set while a turn to send is coming; takes back one that lingers. */
  let scheduled: (() => void) | undefined

  const isFull = ({ events, bytes }: PublishBatch) => events.length >= publishEventsMax || bytes >= publishBytesMax

  function schedule(): void {
    if (waiting.length === 0 || running.size >= publishesMax) return
    const isDue = lingerMs <= 0 || waiting.length > 1 || isFull(waiting[0]!)
    if (scheduled === nothing || (scheduled && !isDue)) return
    scheduled?.()
    scheduled = isDue ? nothing : clock.after(lingerMs, send)
    if (isDue) soon(send)
  }

  function send(): void {
    scheduled = undefined
    while (waiting.length > 0 && running.size < publishesMax) {
      const publishing = publishBatch(waiting.shift()!).finally(() => {
        running.delete(publishing)
        schedule()
      })
      running.add(publishing)
    }
  }

  /** The batch with room for so many bytes more. */
  function open(bytes: number): PublishBatch {
    const last = waiting.at(-1)
    if (last && last.events.length < publishEventsMax && last.bytes + bytes <= publishBytesMax) return last
    const { promise: settled, resolve: settle } = Promise.withResolvers<Failure | undefined>()
    const batch = { events: [], bytes: 0, settled, settle }
    waiting.push(batch)
    return batch
  }

  async function publishBatch({ events, bytes, settle }: PublishBatch): Promise<void> {
    let failure: Failure | undefined
    try {
      await queue.publish(events, { deadlineMs })
    } catch (error) {
      failure = { error, unsafe: error instanceof PublishError ? new Set(error.unsafe) : undefined }
    }
    unsafeBytes -= bytes
    settle(failure)
  }

  return {
    publish(event) {
      const bytes = encodedBytes(event)
      if (bytes > publishBytesMax) {
        const what = `an event of ${bytes} bytes is above the queue's limit of ${publishBytesMax}`
        return Promise.reject(new FloodmarkError('too-large', what))
      }
      // One event fits whatever its size: refused, it would never come in.
      if (unsafeBytes > 0 && unsafeBytes + bytes > options.waitingBytesMax) {
        const what = 'too many bytes wait to be stored: try again later'
        return Promise.reject(new FloodmarkError('overloaded', what, { reason: 'busy' }))
      }
      unsafeBytes += bytes
      const batch = open(bytes)
      const position = batch.events.push(event) - 1
      batch.bytes += bytes
      schedule()
      return batch.settled.then((failure) => {
        if (failure && (failure.unsafe?.has(position) ?? true)) throw failure.error
      })
    },

    async flush() {
      while (waiting.length > 0 || running.size > 0) {
        send()
        await Promise.race(running)
      }
    },
  }
}
