import { describe, expect, it } from 'vitest'
import { providers } from '../../providers/index.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'
import { seeded } from '../../src/core/contracts/random.ts'

const S = 1_000
const MINUTE = 60 * S
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * What each provider documents: the time limit of an attempt, how many there are at most, when the last one comes after
 * the first (least and most), and the waits that it names. `model`: some of it is not published, and ours lies within what is.
 */
interface Documented {
  readonly timeoutMs: number
  readonly attempts: number | readonly [min: number, max: number]
  readonly lastMs: readonly [min: number, max: number]
  readonly waitsMs?: readonly number[]
  readonly stopsOn?: readonly number[]
  readonly retriesOn?: 'connection'
  readonly noRetryHeader?: string
  readonly honoursRetryAfter?: true
  readonly disablesMs?: number
  readonly model: boolean
}
const SVIX = [5 * S, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
const DOCUMENTED: Record<keyof typeof providers, Documented> = {
  generic: { timeoutMs: 15 * S, attempts: 8, lastMs: [24 * HOUR, 31 * HOUR], waitsMs: SVIX, model: false },
  // "Exponential, for 24 h", then the endpoint is disabled.
  razorpay: { timeoutMs: 5 * S, attempts: [2, 30], lastMs: [12 * HOUR, DAY], disablesMs: DAY, model: true },
  github: { timeoutMs: 10 * S, attempts: 1, lastMs: [0, 0], model: false },
  // "Up to three days, exponential".
  stripe: { timeoutMs: 20 * S, attempts: [2, 30], lastMs: [2 * DAY, 3 * DAY], disablesMs: 3 * DAY, model: true },
  // "8 times over 4 hours, exponential".
  shopify: { timeoutMs: 5 * S, attempts: 9, lastMs: [4 * HOUR, 4 * HOUR], disablesMs: 4 * HOUR, model: true },
  // At once, after 1 min and after 5 min.
  slack: {
    timeoutMs: 3 * S,
    attempts: 4,
    lastMs: [6 * MINUTE, 6 * MINUTE],
    waitsMs: [0, MINUTE, 5 * MINUTE],
    noRetryHeader: 'x-slack-no-retry',
    disablesMs: HOUR,
    model: true,
  },
  // Svix's schedule, 410 and Retry-After as the specification asks; five days of failure disable.
  'standard-webhooks': {
    timeoutMs: 15 * S,
    attempts: 8,
    lastMs: [24 * HOUR, 31 * HOUR],
    waitsMs: SVIX,
    stopsOn: [410],
    honoursRetryAfter: true,
    disablesMs: 5 * DAY,
    model: false,
  },
  // The RFC says nothing of it: eight attempts in a bit more than a day.
  rfc9421: { timeoutMs: 15 * S, attempts: 8, lastMs: [24 * HOUR, 31 * HOUR], waitsMs: SVIX, model: true },
  // The specification names 410, 415 and Retry-After, and no waits: those are Azure Event Grid's.
  cloudevents: {
    timeoutMs: 30 * S,
    attempts: 11,
    lastMs: [22 * HOUR, DAY],
    waitsMs: [10 * S, 30 * S, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR],
    stopsOn: [410, 415],
    honoursRetryAfter: true,
    model: true,
  },
  // "Several times, exponential, for up to 10 minutes".
  discord: { timeoutMs: 3 * S, attempts: [3, 12], lastMs: [5 * MINUTE, 10 * MINUTE], model: true },
  'label-studio': { timeoutMs: S, attempts: 1, lastMs: [0, 0], model: false },
  // At 9, 18 and 27 s, then 2 min to 8 h, for up to 30 days.
  adyen: {
    timeoutMs: 10 * S,
    attempts: [13, 110],
    lastMs: [29 * DAY, 30 * DAY],
    waitsMs: [...[9, 9, 9].map((s) => s * S), ...[2, 5, 10, 15, 30, 60, 120, 240, 480].map((min) => min * MINUTE)],
    model: true,
  },
  // Second-hand: 25 times over 3 days.
  paypal: { timeoutMs: 30 * S, attempts: 26, lastMs: [2.9 * DAY, 3 * DAY], model: true },
  // Once more, at once, and only where there was no connection.
  twilio: {
    timeoutMs: 15 * S,
    attempts: 2,
    lastMs: [0, 0],
    retriesOn: 'connection',
    model: false,
  },
}

describe.each(Object.entries(DOCUMENTED))('%s delivers as documented', (name, documented) => {
  const load = async () => (await providers[name as keyof typeof providers]()).default as Provider
  const range = (value: number | readonly [number, number]) => (typeof value === 'number' ? [value, value] : value)

  it('in its time limits, attempts and waits, whatever the jitter', async () => {
    const { delivery } = await load()
    const [least, most] = range(documented.attempts)
    expect(delivery.attemptsMax).toBeGreaterThanOrEqual(least!)
    expect(delivery.attemptsMax).toBeLessThanOrEqual(most!)
    for (let seed = 0; seed < 50; seed++) {
      const random = seeded(seed)
      const waits = Array.from({ length: delivery.attemptsMax - 1 }, (_, at) => delivery.waitMs(at + 2, random))
      for (const [at, wait] of waits.entries()) {
        const named = documented.waitsMs?.[at] ?? wait
        expect(wait, `wait ${at + 1}, seed ${seed}`).toBeGreaterThanOrEqual(0.9 * named)
        expect(wait, `wait ${at + 1}, seed ${seed}`).toBeLessThanOrEqual(1.1 * named)
      }
      const lastMs = waits.reduce((sum, wait) => sum + wait, 0)
      expect(lastMs, `seed ${seed}`).toBeGreaterThanOrEqual(documented.lastMs[0])
      expect(lastMs, `seed ${seed}`).toBeLessThanOrEqual(documented.lastMs[1])
    }
  })

  it('in what stops it, and says what of it is a model', async () => {
    const { delivery } = await load()
    expect({
      timeoutMs: delivery.timeoutMs,
      stopsOn: delivery.stopsOn,
      retriesOn: delivery.retriesOn,
      noRetryHeader: delivery.noRetryHeader,
      honoursRetryAfter: delivery.honoursRetryAfter,
      disables: delivery.disables,
      model: delivery.model,
    }).toEqual({
      timeoutMs: documented.timeoutMs,
      stopsOn: documented.stopsOn,
      retriesOn: documented.retriesOn,
      noRetryHeader: documented.noRetryHeader,
      honoursRetryAfter: documented.honoursRetryAfter,
      disables: documented.disablesMs === undefined ? undefined : { afterMs: documented.disablesMs },
      model: documented.model,
    })
  })
})
