import { expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { RateLimit } from '../../../src/runner/faults/rate-limit.ts'

it('lets through as many a second as it may, in order, and what came first does not wait for what came later', async () => {
  const clock = new VirtualClock()
  const limit = new RateLimit(100, clock)
  const passed: (readonly [number, number])[] = []
  for (const count of [10, 1, 50, 1])
    void limit.admit(count, 60_000).then(() => passed.push([count, clock.monotonic()]))
  await clock.advance(2_000)
  expect(passed.map(([count]) => count)).toEqual([10, 1, 50, 1])
  for (const [at, wantedMs] of [100, 110, 610, 620].entries()) {
    expect(passed[at]![1]).toBeGreaterThanOrEqual(wantedMs - 1e-6)
    expect(passed[at]![1]).toBeLessThan(wantedMs + 1)
  }
})

it('saves nothing up while nobody comes, and holds nobody back when it is free', async () => {
  const clock = new VirtualClock()
  const limit = new RateLimit(100, clock)
  await clock.advance(10_000)
  let passed = false
  void limit.admit(10, 60_000).then(() => {
    passed = true
  })
  await clock.advance(95)
  expect(passed).toBe(false)
  await clock.advance(10)
  expect(passed).toBe(true)
  const late = limit.admit(1_000, 60_000)
  await clock.advance(50)
  const lifted = limit.lift()
  await clock.advance(5)
  await lifted
  await expect(late).resolves.toBeGreaterThan(59_000)
  await expect(limit.admit(1_000, 60_000)).resolves.toBe(60_000)
})

it('refuses as overloaded what its deadline overtakes, and then lets the next one through', async () => {
  const clock = new VirtualClock()
  const limit = new RateLimit(1, clock)
  const ends = Promise.allSettled([limit.admit(10, 1_000), limit.admit(1, 5_000)])
  await clock.advance(1_100)
  limit.perS = 1_000
  await clock.advance(100)
  expect(await ends).toMatchObject([{ status: 'rejected', reason: { code: 'overloaded' } }, { status: 'fulfilled' }])
})
