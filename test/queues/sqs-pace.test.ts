import { expect, it } from 'vitest'
import { Pace } from '../../queues/sqs-shared/pace.ts'
import { settledPromises, sleep, VirtualClock } from '../../src/core/contracts/clock.ts'

const CALLERS = 16
const CALL_MS = 10

/** A server that takes so many calls in a second, and callers that call it as often as their pace lets them. */
function busy(limit: { perS: number }) {
  const clock = new VirtualClock(0, settledPromises)
  const pace = new Pace(clock)
  const bucket = { calls: 0, atMs: 0 }
  const counts = { taken: 0, refused: 0 }
  const takes = () => {
    const nowMs = clock.monotonic()
    if (!Number.isFinite(limit.perS)) bucket.calls = 0
    else bucket.calls = Math.max(0, bucket.calls - ((nowMs - bucket.atMs) / 1_000) * limit.perS)
    bucket.atMs = nowMs
    if (bucket.calls + 1 > Math.max(1, limit.perS / 5)) return false
    bucket.calls++
    return true
  }
  const call = async () => {
    for (;;) {
      await pace.turn()
      const isTaken = takes()
      counts[isTaken ? 'taken' : 'refused']++
      await sleep(clock, CALL_MS)
      pace.tell(!isTaken)
    }
  }
  for (let caller = 0; caller < CALLERS; caller++) void call()
  return {
    pace,
    clock,
    /** Calls taken and refused in so many seconds. */
    async during(seconds: number) {
      const before = { ...counts }
      await clock.advance(seconds * 1_000)
      return { taken: counts.taken - before.taken, refused: counts.refused - before.refused }
    },
  }
}

const UNLIMITED_PER_S = (CALLERS * 1_000) / CALL_MS

it.each([20, 100, 300])('nearly all of %i calls a second that a server takes are made, and few more', async (perS) => {
  const { during } = busy({ perS })
  await during(20)
  const { taken, refused } = await during(30)
  expect(taken).toBeGreaterThan(0.8 * 30 * perS)
  expect(refused).toBeLessThan(0.1 * taken)
})

it('nobody waits for a turn until the server throttles, nor once it no longer does', async () => {
  const limit = { perS: Number.POSITIVE_INFINITY }
  const { during } = busy(limit)
  expect((await during(5)).taken).toBeGreaterThanOrEqual(5 * UNLIMITED_PER_S)
  limit.perS = 50
  expect((await during(20)).refused).toBeGreaterThan(0)
  limit.perS = Number.POSITIVE_INFINITY
  await during(60)
  const { taken, refused } = await during(5)
  expect(taken).toBeGreaterThan(0.99 * 5 * UNLIMITED_PER_S)
  expect(refused).toBe(0)
})

it('nobody waits in a line that is longer than he would wait', async () => {
  const clock = new VirtualClock(0, settledPromises)
  const pace = new Pace(clock)
  let turns = 0
  const ask = async () => {
    const asked = Array.from({ length: 100 }, () =>
      pace.turnWithin(500).then((come) => {
        if (come) turns++
        return come
      }),
    )
    await clock.advance(2_000)
    return (await Promise.all(asked)).filter((come) => come).length
  }
  expect(await ask()).toBe(100)
  for (let call = 0; call < 20; call++) pace.tell(false)
  pace.tell(true)
  const come = await ask()
  expect(come).toBeGreaterThan(10)
  expect(come).toBeLessThan(60)
  expect(turns).toBe(100 + come)
})
