import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import stripe from '../../../providers/stripe.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { RateGrants } from '../../../src/core/contracts/rate.ts'
import type { Reply } from '../../../src/core/contracts/reply.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import { grantedRates, lumpOf, SharedRates } from '../../../src/core/receiving/rates/shared-rates.ts'
import { AT_MS, signer } from '../../contract/provider.ts'

/** So many processes, and one that grants to all. */
function together(rate: { perS: number; burst: number }, processes: number) {
  const clock = new VirtualClock()
  const granted = grantedRates(rate, processes, clock)
  const counts = { asked: 0 }
  const grants: RateGrants = {
    processes,
    take: async (_, sender, want) => {
      counts.asked++
      return granted.take(sender, want)
    },
  }
  const limit = { name: '/in all', ...rate }
  const rates = Array.from({ length: processes }, () => new SharedRates(limit, grants, clock))
  /** How many of so many requests at one process are let in. */
  const letIn = async (process: number, requests: number, sender = '') => {
    const waits = await Promise.all(Array.from({ length: requests }, () => rates[process]!.waitS(sender)))
    return waits.filter((waitS) => waitS === 0).length
  }
  return { clock, counts, rates, letIn }
}

describe('a rate that several processes keep together', () => {
  it('lets in the burst of all of them once, wherever it comes', async () => {
    const { letIn } = together({ perS: 1, burst: 6 }, 3)
    expect([await letIn(0, 4), await letIn(1, 9), await letIn(2, 9)]).toEqual([4, 2, 0])
  })

  it('lets one process have all of it, and each sender its own', async () => {
    const { clock, letIn } = together({ perS: 10, burst: 10 }, 4)
    expect([await letIn(2, 50, 'a'), await letIn(2, 50, 'b')]).toEqual([10, 10])
    await clock.advance(500)
    expect(await letIn(2, 50, 'a')).toBe(5)
  })

  it('never lets in more than the rate and the burst of one, and little less than what is wanted of it', async () => {
    const when = fc.record({ process: fc.nat(3), requests: fc.integer({ min: 1, max: 400 }), afterMs: fc.nat(400) })
    const rate = fc.record({ perS: fc.integer({ min: 1, max: 4_000 }), burst: fc.integer({ min: 1, max: 4_000 }) })
    await fc.assert(
      fc.asyncProperty(rate, fc.array(when, { maxLength: 30 }), async (limit, flood) => {
        const { clock, letIn } = together(limit, 4)
        let [taken, wanted, sinceS] = [0, 0, 0]
        for (const { process, requests, afterMs } of flood) {
          await clock.advance(afterMs)
          sinceS += afterMs / 1_000
          wanted += requests
          taken += await letIn(process, requests)
          expect(taken).toBeLessThanOrEqual(limit.burst + limit.perS * sinceS + 1e-6)
        }
        // What others hold and do not use is missing at most.
        const held = 4 * (lumpOf(limit, 4) - 1)
        if (wanted <= limit.burst - 2 * held) expect(taken).toBe(wanted)
      }),
      { numRuns: 100 },
    )
  })

  it('asks for each request of a low rate, for many at once of a high one, and for none while there is none', async () => {
    const low = together({ perS: 4, burst: 4 }, 2)
    for (let n = 0; n < 4; n++) expect(await low.letIn(0, 1)).toBe(1)
    expect(low.counts.asked).toBe(4)
    expect(await low.letIn(0, 1)).toBe(0)
    for (let n = 0; n < 1_000; n++) expect(await low.letIn(0, 1)).toBe(0)
    expect(low.counts.asked).toBe(5)
    await low.clock.advance(250)
    expect(await low.letIn(1, 1)).toBe(1)
    const high = together({ perS: 4_000, burst: 4_000 }, 2)
    for (let n = 0; n < 200; n++) expect(await high.letIn(0, 1)).toBe(1)
    expect(high.counts.asked).toBe(2)
  })

  it('lets everything in while nobody answers', async () => {
    const grants = { processes: 2, take: () => Promise.reject(new Error('away')) }
    const rates = new SharedRates({ name: 'all', perS: 1, burst: 1 }, grants, new VirtualClock())
    expect(await Promise.all([rates.waitS(''), rates.waitS(''), rates.waitS('')])).toEqual([0, 0, 0])
  })
})

it('a route with both limits is refused with a time, as by one process', async () => {
  const clock = new VirtualClock(AT_MS)
  const { secret } = signer(stripe)
  const rate = { each: { perS: 1, burst: 2 }, all: { perS: 0.1, burst: 3 } }
  const book = new Map<string, ReturnType<typeof grantedRates>>()
  const grants: RateGrants = {
    processes: 2,
    take: async (limit, sender, want) => {
      const rates = book.get(limit.name) ?? grantedRates(limit, 2, clock)
      book.set(limit.name, rates)
      return rates.take(sender, want)
    },
  }
  const routes = [{ path: '/in', source: 'stripe', provider: stripe, secrets: [secret], rate }]
  const ready = async () => {}
  const random = () => 0
  const ingests = [0, 1].map(() => createIngest({ routes, publish: ready, ready, clock, random, grants }))
  const ask = async (at: number, remoteAddress: string) =>
    (await ingests[at]!.admit('POST', '/in', { socket: { remoteAddress }, headers: {} })) as Reply | undefined
  expect([await ask(0, '192.0.2.1'), await ask(1, '192.0.2.1')]).toEqual([undefined, undefined])
  expect(await ask(0, '192.0.2.1')).toMatchObject({ status: 429, retryAfterS: 1 })
  expect([await ask(0, '192.0.2.2'), (await ask(1, '192.0.2.3'))?.status]).toEqual([undefined, 429])
  expect(ingests[0]!.counts.refused).toEqual({ '/in': { rate: 1 } })
})
