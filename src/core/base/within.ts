import type { Clock } from '../contracts/clock.ts'

/**
 * What a promise comes to, or after `ms` a rejection with what `onLate` gives: there is also the place to cancel what still
 * goes on. What the promise comes to later nobody hears of.
 */
export function within<T>(ms: number, clock: Clock, promise: Promise<T>, onLate: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(onLate()))
    promise.then(resolve, reject).finally(cancel)
  })
}
