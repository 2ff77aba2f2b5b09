import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'

/** What an effect's promise comes to. @throws FloodmarkError 'timeout' after `ms`; what it does later nobody hears of. */
export function within(ms: number, working: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new FloodmarkError('timeout', `the effect took longer than ${ms} ms`)))
    working.then(resolve, reject).finally(cancel)
  })
}
