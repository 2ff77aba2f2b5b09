import type { Clock } from './clock.ts'
import { encodedBytes } from './codec.ts'
import { FloodmarkError } from './errors.ts'
import type { WebhookEvent } from './event.ts'
import { PublishError, type Queue } from './queue.ts'

export interface BatcherOptions {
  readonly queue: Pick<Queue, 'publish' | 'traits'>
  readonly clock: Clock
  /** How long the first event of a batch may wait for company, ms. 0: until the end of this turn of the event loop. */
  readonly lingerMs: number
  /** Most publishes under way at once; while they are, the next batch grows. */
  readonly publishesMax: number
  /** Most bytes collected and not yet safe; beyond that publish() is refused as 'overloaded'. */
  readonly waitingBytesMax: number
  readonly deadlineMs: number
}

export interface Batcher {
  /** Resolves when the event is as safe as the queue's traits say. @throws as Queue.publish, for this event alone. */
  publish(event: WebhookEvent): Promise<void>
  /** Sends what is collected and resolves when everything has settled. */
  flush(): Promise<void>
}

interface Waiting {
  readonly event: WebhookEvent
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Groups publishes by size or linger, within the queue's maxima: above the drivers, so that all are treated alike. */
export function createBatcher(options: BatcherOptions): Batcher {
  const { queue, clock, lingerMs, publishesMax, deadlineMs } = options
  const { publishEventsMax, publishBytesMax } = queue.traits
  const running = new Set<Promise<void>>()
  let waiting: Waiting[] = []
  let unsafeBytes = 0
  let scheduled = false

  function schedule(): void {
    if (scheduled || waiting.length === 0 || running.size >= publishesMax) return
    scheduled = true
    if (lingerMs > 0 && waiting.length < publishEventsMax) clock.after(lingerMs, send)
    else setImmediate(send)
  }

  function send(): void {
    scheduled = false
    while (waiting.length > 0 && running.size < publishesMax) {
      const batch = take()
      const publishing = publishBatch(batch).finally(() => {
        running.delete(publishing)
        schedule()
      })
      running.add(publishing)
    }
  }

  /** As many of the waiting, from the front, as fit one publish. */
  function take(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const one of waiting) {
      if (count === publishEventsMax || (count > 0 && bytes + one.bytes > publishBytesMax)) break
      bytes += one.bytes
      count++
    }
    const batch = waiting.slice(0, count)
    waiting = count === waiting.length ? [] : waiting.slice(count)
    return batch
  }

  async function publishBatch(batch: readonly Waiting[]): Promise<void> {
    let failure: unknown
    try {
      await queue.publish(
        batch.map((one) => one.event),
        { deadlineMs },
      )
    } catch (error) {
      failure = error
    }
    const unsafe = failure instanceof PublishError ? new Set(failure.unsafe) : undefined
    for (const [position, one] of batch.entries()) {
      unsafeBytes -= one.bytes
      if (failure !== undefined && (!unsafe || unsafe.has(position))) one.reject(failure)
      else one.resolve()
    }
  }

  return {
    publish(event) {
      const bytes = encodedBytes(event)
      if (bytes > publishBytesMax) {
        const what = `an event of ${bytes} bytes is above the queue's limit of ${publishBytesMax}`
        return Promise.reject(new FloodmarkError('too-large', what))
      }
      if (unsafeBytes + bytes > options.waitingBytesMax) {
        return Promise.reject(new FloodmarkError('overloaded', 'too many bytes wait to be stored: try again later'))
      }
      unsafeBytes += bytes
      return new Promise((resolve, reject) => {
        waiting.push({ event, bytes, resolve, reject })
        schedule()
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
