import type { Clock } from '../contracts/clock.ts'

/**
 * Settles as the promise does, or rejects after `ms` with the error that `onLate` gives. `onLate` may also cancel what still
 * goes on. Nobody hears of what the promise comes to later.
 */
export function within<T>(ms: number, clock: Clock, promise: Promise<T>, onLate: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(onLate()))
    promise.then(resolve, reject).finally(cancel)
  })
}
