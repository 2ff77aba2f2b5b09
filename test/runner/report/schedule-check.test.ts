import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import type { RetryPolicy } from '../../../src/core/contracts/provider.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { waitRangeMs } from '../../../src/runner/plan/retry.ts'
import { emptyAttempt } from '../../../src/runner/records/journal.ts'
import { ScheduleCheck } from '../../../src/runner/report/delivery/schedule-check.ts'

const policy: RetryPolicy = {
  attemptsMax: 3,
  timeoutMs: 1_000,
  waitMs: (attempt, random) => 1_000 * attempt * (0.9 + 0.2 * random()),
  model: true,
}
const refused = { ...emptyAttempt(), outcome: 'refused', status: 503 } as const

/** An event refused at 100 ms whose second attempt is due at this time; scale 10: due 180 to 220 ms later. */
function secondAt(intendedMs: number, over: Partial<RetryPolicy> = {}) {
  const check = new ScheduleCheck([{ ...policy, ...over }], 10)
  check.note({ ...refused, attempt: 1, doneMs: 100 })
  check.note({ ...refused, attempt: 2, intendedMs, doneMs: intendedMs })
  return { checked: check.checked, off: check.off }
}

describe('the check of retries against their schedules', () => {
  it.each([280, 300, 320])('takes a retry at %i ms, within the jitter', (atMs) => {
    expect(secondAt(atMs)).toEqual({ checked: 1, off: 0 })
  })

  it.each([100, 279, 321, 2_100])('finds a retry at %i ms off the schedule', (atMs) => {
    expect(secondAt(atMs)).toEqual({ checked: 1, off: 1 })
  })

  it('lets those come later, and never sooner, that listen to a Retry-After', () => {
    expect(secondAt(2_100, { honoursRetryAfter: true })).toMatchObject({ off: 0 })
    expect(secondAt(279, { honoursRetryAfter: true })).toMatchObject({ off: 1 })
  })

  it('finds a retry whose attempt before is missing, or was accepted', () => {
    const check = new ScheduleCheck([policy], 10)
    check.note({ ...refused, attempt: 1, doneMs: 100 })
    check.note({ ...refused, attempt: 3, intendedMs: 400 })
    check.note({ ...refused, seq: 1, attempt: 1, outcome: 'accepted', doneMs: 100 })
    check.note({ ...refused, seq: 1, attempt: 2, intendedMs: 300 })
    expect(check).toMatchObject({ checked: 2, off: 2 })
  })

  for (const name of Object.keys(providers) as (keyof typeof providers)[]) {
    it(`knows the range of every wait of ${name}`, async () => {
      const { delivery } = (await providers[name]()).default
      const random = seeded(3)
      for (let attempt = 2; attempt <= delivery.attemptsMax; attempt++) {
        const [leastMs, mostMs] = waitRangeMs(delivery, attempt)
        for (let draw = 0; draw < 200; draw++) {
          const waitMs = delivery.waitMs(attempt, random)
          expect(waitMs).toBeGreaterThanOrEqual(leastMs)
          expect(waitMs).toBeLessThanOrEqual(mostMs)
        }
      }
    })
  }
})
