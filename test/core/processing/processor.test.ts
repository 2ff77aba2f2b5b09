import { describe, expect, it } from 'vitest'
import { eventOfRecord } from '../../../src/core/base/codec.ts'
import { sleep } from '../../../src/core/contracts/clock.ts'
import type { CrashPointName } from '../../../src/core/contracts/crash-point.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Effect, Ledger } from '../../../src/core/contracts/ledger.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const note: Effect = (event, tx) => tx.append(event.key, Buffer.from(event.id.slice(5)))
const at = (key: string, id: string) => anEvent(id, { key })

/** Fails each id as often as the plan says, then notes it. */
function failing(plan: Record<string, number>): Effect {
  const left = new Map(Object.entries(plan))
  return (event, tx) => {
    const failures = left.get(event.id.slice(5)) ?? 0
    left.set(event.id.slice(5), failures - 1)
    if (failures > 0) throw new Error(`not yet: ${failures}`)
    return note(event, tx)
  }
}

describe('the processor', () => {
  it('waits between tries: exponential, capped, with full jitter', async () => {
    const draws = [0.5, 0.75, 0.25]
    const tries: number[] = []
    const { clock, publish, end, counts } = await processing(
      (event, tx) => {
        tries.push(clock.monotonic())
        return failing({ a: 4 - tries.length })(event, tx)
      },
      { random: () => draws.shift()! },
    )
    await publish(at('k', 'a'))
    await clock.advance(2_000)
    // 100 · 2^(n-1), at most 350, times the draw.
    expect(tries).toEqual([0, 50, 50 + 150, 50 + 150 + 87.5])
    expect(counts).toMatchObject({ applied: 1, failed: 3, buried: 0 })
    await end()
  })

  it('buries after the last try, with the reason and the count, and the key goes on', async () => {
    const { clock, publish, end, counts, buried, items } = await processing(failing({ a: 99 }))
    await publish(at('k', 'a'), at('k', 'b'))
    await clock.advance(5_000)
    expect(await buried()).toMatchObject([
      { event: { id: 'test:a' }, cause: 'transient', reason: 'transient: not yet: 96', failures: 4 },
    ])
    expect(await items()).toEqual(['k=b'])
    expect(counts).toMatchObject({ applied: 1, failed: 3, buried: 1 })
    await end()
  })

  it('buries a record that is no event before any of its effects, with its bytes, where it lay and why', async () => {
    const { clock, publish, end, buried, items } = await processing({ one: note, two: note })
    await publish(eventOfRecord(Buffer.from('not an event'), 'entry 7 of shard 3', 5), at('k', 'b'))
    await clock.advance(100)
    const [letter, ...more] = await buried()
    expect(more).toEqual([])
    expect(letter).toMatchObject({
      cause: 'undecodable',
      reason: 'stored bytes are no event: it is too short (entry 7 of shard 3)',
    })
    expect(Buffer.from(letter!.event.body).toString()).toBe('not an event')
    expect(await items()).toEqual(['k=b', 'k=b'])
    await end()
  })

  it("buries at once what the effect calls 'rejected', and nothing else of the batch", async () => {
    const { clock, publish, end, buried, items } = await processing((event, tx) => {
      if (event.id === 'test:b') throw new FloodmarkError('rejected', 'not for us')
      return note(event, tx)
    })
    await publish(at('k', 'a'), at('k', 'b'), at('k', 'c'), at('l', 'd'))
    await clock.advance(100)
    expect(await buried()).toMatchObject([{ cause: 'permanent', reason: 'permanent: not for us', failures: 1 }])
    expect(await items()).toEqual(['k=a', 'k=c', 'l=d'])
    await end()
  })

  it('keeps the order of a key through its retries while other keys go on', async () => {
    const { clock, publish, end, items } = await processing(failing({ a: 2, c: 1 }), { random: () => 0.9 })
    await publish(at('k', 'a'), at('k', 'b'), at('k', 'c'), at('k', 'd'), at('l', 'e'), at('l', 'f'))
    await clock.advance(10)
    expect(await items()).toEqual(['l=e', 'l=f'])
    await clock.advance(3_000)
    expect(await items()).toEqual(['k=a', 'k=b', 'k=c', 'k=d', 'l=e', 'l=f'])
    await end()
  })

  it('counts a try longer than effectMs as failed, and writes nothing of it, however late it ends', async () => {
    let tries = 0
    const { clock, publish, end, items, counts } = await processing(
      (event, tx) => {
        tries++
        note(event, tx)
        if (tries === 1) return new Promise(() => {})
      },
      { effectMs: 500 },
    )
    await publish(at('k', 'a'))
    await clock.advance(499)
    expect(counts.failed).toBe(0)
    await clock.advance(200)
    expect(counts).toMatchObject({ failed: 1, applied: 1 })
    expect(await items()).toEqual(['k=a'])
    await end()
  })

  it('writes nothing for a claim that ran out and went to another', async () => {
    let tries = 0
    let settles = 0
    const wrap = (ledger: Ledger): Ledger =>
      Object.assign(Object.create(ledger), {
        claim: ledger.claim.bind(ledger),
        claimAlone: ledger.claimAlone.bind(ledger),
        async settle(settlements: Parameters<Ledger['settle']>[0]) {
          if (++settles === 1) await sleep(clock, 5_000)
          return ledger.settle(settlements)
        },
      })
    const { clock, publish, end, items, counts } = await processing(
      (event, tx) => tx.append(event.key, Buffer.from(`try ${++tries}`)),
      { leaseMs: 1_000, effectMs: 500, wrap },
    )
    await publish(at('k', 'a'))
    await clock.advance(20_000)
    expect(tries).toBe(2)
    expect(await items()).toEqual(['k=try 2'])
    expect(counts.applied).toBe(1)
    await end()
  })

  it('stops at each crash point, and whatever the point, the effect is there once after another delivery', async () => {
    const points = ['after-claim', 'after-effect', 'after-settle'] as const
    for (const name of points) {
      const seen: CrashPointName[] = []
      const { clock, publish, end, items, counts } = await processing(note, {
        leaseMs: 1_000,
        effectMs: 500,
        crashPoint(point) {
          seen.push(point)
          if (point === name && seen.filter((one) => one === name).length === 1) throw new Error('ends here')
        },
      })
      await publish(at('k', 'a'))
      await clock.advance(5_000)
      const steps = points.slice(0, points.indexOf(name) + 1)
      expect(seen.slice(0, steps.length)).toEqual(steps)
      expect(await items(), name).toEqual(['k=a'])
      expect(counts.duplicates, name).toBe(name === 'after-settle' ? 1 : 0)
      await end()
    }
  })

  it('comes again with what could not be settled, and absorbs what had been', async () => {
    for (const stored of [false, true]) {
      let calls = 0
      const wrap = (ledger: Ledger): Ledger =>
        Object.assign(Object.create(ledger), {
          claim: ledger.claim.bind(ledger),
          claimAlone: ledger.claimAlone.bind(ledger),
          async settle(settlements: Parameters<Ledger['settle']>[0]) {
            if (++calls > 1) return ledger.settle(settlements)
            await ledger.settle(
              stored ? settlements : settlements.map(({ event, fence }) => ({ event, fence, result: 'released' })),
            )
            throw new FloodmarkError('unavailable', 'the reply was lost', { definite: false })
          },
        })
      const { clock, publish, end, items, counts } = await processing(note, { wrap })
      await publish(at('k', 'a'), at('l', 'b'))
      await clock.advance(5_000)
      expect(await items()).toEqual(['k=a', 'l=b'])
      expect(counts.duplicates).toBe(stored ? 2 : 0)
      await end()
    }
  })

  it('settles in as many calls as the limits of one call ask for', async () => {
    const sizes: number[] = []
    const wrap = (ledger: Ledger): Ledger =>
      Object.assign(Object.create(ledger), {
        claim: ledger.claim.bind(ledger),
        claimAlone: ledger.claimAlone.bind(ledger),
        settle(settlements: Parameters<Ledger['settle']>[0]) {
          sizes.push(settlements.length)
          return ledger.settle(settlements)
        },
      })
    const { clock, publish, end, counts, ledger } = await processing(
      (_, tx) => {
        for (let n = 0; n < 900; n++) tx.increment('n', 1)
      },
      { wrap, batchEventsMax: 64 },
    )
    await publish(...Array.from({ length: 64 }, (_, n) => at(`k${n}`, String(n))))
    await clock.advance(100)
    expect(counts.applied).toBe(64)
    expect(sizes).toEqual([22, 22, 20])
    expect(String(await ledger.read('n'))).toBe(String(64 * 900))
    await end()
  })

  it('settles what is running before it is done, and takes nothing more', async () => {
    const { clock, publish, end, counts } = await processing(
      () => new Promise((resolve) => clock.after(1_000, resolve)),
      { batchEventsMax: 1, handlersMax: 1 },
    )
    await publish(at('k', 'a'), at('l', 'b'))
    await clock.advance(10)
    await end()
    expect(counts.applied).toBe(1)
  })
})
