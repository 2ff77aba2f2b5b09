import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Effect, Ledger } from '../../../src/core/contracts/ledger.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const ATTEMPTS_MAX = 3
/** Failing tries before it works (more than the processor makes: it never does), or refused for good. */
const plan = fc.oneof(fc.integer({ min: 0, max: ATTEMPTS_MAX + 1 }), fc.constant('rejected' as const))
const anything = {
  events: fc.array(fc.record({ key: fc.integer({ min: 0, max: 3 }), plan, again: fc.boolean() }), { maxLength: 40 }),
  batchEventsMax: fc.integer({ min: 1, max: 12 }),
  handlersMax: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
}
type Events = readonly { readonly key: number; readonly plan: number | 'rejected'; readonly again: boolean }[]

function planned(events: Events): Effect {
  const tries = new Map<string, number>()
  return async (event, tx) => {
    const number = Number(event.id.slice(5))
    const { plan } = events[number]!
    if (number % 3 === 0) await Promise.resolve()
    if (plan === 'rejected') throw new FloodmarkError('rejected', 'never')
    const before = tries.get(event.id) ?? 0
    tries.set(event.id, before + 1)
    if (before < plan) throw new Error('not yet')
    tx.append(event.key, Buffer.from(String(number)))
  }
}

/** Publishes the events one by one, some twice, lets an hour pass and says what took effect and what was buried. */
async function outcome(events: Events, options: Parameters<typeof processing>[1], seed: number) {
  const random = seeded(seed)
  const run = await processing(planned(events), { attemptsMin: ATTEMPTS_MAX, random, leaseMs: 20_000, ...options })
  for (const [number, { key, again }] of events.entries()) {
    const event = anEvent(String(number), { key: `k${key}` })
    await run.publish(event)
    if (again) await run.publish(event)
    if (random() < 0.5) await run.clock.advance(random() * 40)
  }
  await run.clock.advance(3_600_000)
  const { waiting, inFlight } = await run.queue.depth()
  const applied = await run.items()
  const buried = (await run.buried()).map(({ event, failures }) => [Number(event.id.slice(5)), failures] as const)
  await run.end()
  return { left: waiting + inFlight, applied, buried: buried.toSorted(([a], [b]) => a - b) }
}

function inKeyOrder(events: Events, applies: (number: number) => boolean): string[] {
  const numbers = events.map((_, number) => number).filter(applies)
  const lines = numbers.map((number) => ({ key: events[number]!.key, line: `k${events[number]!.key}=${number}` }))
  return lines.toSorted((a, b) => a.key - b.key).map(({ line }) => line)
}

describe('whatever fails, and however often, the processor', () => {
  it('applies every event once in the order of its key, or buries it after the planned tries', async () => {
    const property = fc.asyncProperty(fc.record(anything), async ({ events, seed, ...options }) => {
      const { left, applied, buried } = await outcome(events, options, seed)
      const works = (number: number) => {
        const { plan } = events[number]!
        return plan !== 'rejected' && plan < ATTEMPTS_MAX
      }
      expect(left).toBe(0)
      expect(applied).toEqual(inKeyOrder(events, works))
      expect(buried).toEqual(
        events.flatMap(({ plan }, number) => (works(number) ? [] : [[number, plan === 'rejected' ? 1 : ATTEMPTS_MAX]])),
      )
    })
    await fc.assert(property, { numRuns: 150 })
  })

  it('does so once also when settle calls fail, with everything stored or nothing', async () => {
    const property = fc.asyncProperty(fc.record(anything), async ({ events, seed, ...options }) => {
      const random = seeded(seed ^ 1)
      const wrap = (ledger: Ledger): Ledger =>
        Object.assign(Object.create(ledger), {
          claim: ledger.claim.bind(ledger),
          claimAlone: ledger.claimAlone.bind(ledger),
          async settle(settlements: Parameters<Ledger['settle']>[0]) {
            const draw = random()
            if (draw < 0.7) return ledger.settle(settlements)
            const released = settlements.map(({ event, fence }) => ({ event, fence, result: 'released' }) as const)
            await ledger.settle(draw < 0.85 ? settlements : released)
            throw new FloodmarkError('unavailable', 'planted', { definite: false })
          },
        })
      const { left, applied, buried } = await outcome(events, { ...options, wrap }, seed)
      const dead = new Set(buried.map(([number]) => number))
      expect(left).toBe(0)
      expect(applied).toEqual(inKeyOrder(events, (number) => !dead.has(number)))
      for (const number of dead) expect(events[number]!.plan).not.toBe(0)
    })
    await fc.assert(property, { numRuns: 150 })
  })
})
