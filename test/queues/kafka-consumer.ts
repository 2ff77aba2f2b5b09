import type { Queue } from '../../src/core/contracts/queue.ts'
import { acking } from '../contract/queue/kit.ts'

/** A consumer of a queue that takes everything: what it has seen, in order, and what it was told. */
export function consumerOf(queue: Queue) {
  const seen: number[] = []
  const told: string[] = []
  const stop = new AbortController()
  const done = queue.consume(acking(seen), {
    batchEventsMax: 32,
    handlersMax: 4,
    leaseMs: 30_000,
    signal: stop.signal,
    onError: (error) => void told.push((error as Error).message),
  })
  return {
    seen,
    told,
    /** Rejects when it can go on no longer. */
    done,
    stop: async () => {
      stop.abort()
      await done
    },
  }
}

/** Whether a promise comes to a good end: to be asked until it does. */
export const succeeds = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => true,
    () => false,
  )
