import { type Clock, sleep, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'

const STEP_MS = 5
/** A rate that no queue of ours reaches: nothing waits then. */
const FREE_PER_S = 1e9

/**
 * Lets through so many a second, first come first served, as water through a pipe; the rate may change while some wait. What
 * it gives resolves to what is left of the deadline, ms. @throws FloodmarkError 'overloaded' when its deadline passed first.
 */
export function throttle(perS: () => number, clock: Clock = systemClock) {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  /** Until when the pipe's time is used up: a timer that comes late takes nothing from those who wait. */
  let usedUntilMs = 0

  async function pass(count: number, calledAtMs: number, untilMs: number): Promise<number> {
    let atMs = Math.max(usedUntilMs, calledAtMs)
    for (let left = count; perS() < FREE_PER_S; ) {
      const nowMs = clock.monotonic()
      const passed = ((nowMs - atMs) * perS()) / 1_000
      usedUntilMs = nowMs - (Math.max(0, passed - left) * 1_000) / perS()
      left -= passed
      if (left <= 0) break
      if (nowMs >= untilMs) throw new FloodmarkError('overloaded', 'planned: the queue takes no more in this time')
      atMs = nowMs
      // Whole ms, as timers are: a wait too short for a clock to change would never be over.
      await sleep(clock, Math.ceil(Math.min(STEP_MS, (left * 1_000) / perS())))
    }
    return Math.max(1, untilMs - clock.monotonic())
  }

  return (count: number, deadlineMs: number): Promise<number> => {
    if (waiting === 0 && perS() >= FREE_PER_S) return Promise.resolve(deadlineMs)
    waiting++
    const calledAtMs = clock.monotonic()
    const turn = last
      .then(() => pass(count, calledAtMs, calledAtMs + deadlineMs))
      .finally(() => {
        waiting--
      })
    last = turn.catch(() => {})
    return turn
  }
}
