import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { Claims } from '../../../src/core/processing/claims.ts'

describe('claims', () => {
  it('that are never settled are forgotten after their lease, a few whenever another is taken', async () => {
    const clock = new VirtualClock()
    const claims = new Claims(clock)
    for (let n = 0; n < 1_000; n++) claims.take(`old${n}`, 1_000, 0)
    await clock.advance(1_000)
    for (let n = 0; n < 1_000; n++) claims.take(`new${n}`, 1_000, 0)
    expect(claims.size).toBe(1_000)
  })

  it('that ran out are counted until the id is settled, also those that were forgotten', async () => {
    const clock = new VirtualClock()
    const claims = new Claims(clock)
    const ids = Array.from({ length: 10 }, (_, n) => `id${n}`)
    for (const lostTries of [0, 1, 2]) {
      for (const id of ids) {
        expect(claims.busy(id)).toBe(false)
        expect(claims.lostTries(id)).toBe(lostTries)
        claims.take(id, 1_000, 0)
      }
      await clock.advance(1_000)
    }
    claims.forgetLost('id3')
    expect([claims.busy('id3'), claims.lostTries('id3'), claims.lostTries('id4')]).toEqual([false, 1, 2])
  })

  it('are kept past their lease while they are being settled', async () => {
    const clock = new VirtualClock()
    const claims = new Claims(clock)
    const fence = claims.take('a', 1_000, 3)
    expect(claims.settle('a', fence)).toBe(3)
    await clock.advance(5_000)
    claims.take('b', 1_000, 0)
    expect(claims.busy('a')).toBe(true)
    claims.give('a')
    expect(claims.busy('a')).toBe(false)
  })

  it('belong to the last who took them', async () => {
    const clock = new VirtualClock()
    const claims = new Claims(clock)
    const first = claims.take('a', 1_000, 0)
    expect(claims.busy('a')).toBe(true)
    await clock.advance(1_000)
    expect(claims.busy('a')).toBe(false)
    const second = claims.take('a', 1_000, 0)
    expect(claims.settle('a', first)).toBeUndefined()
    expect(claims.settle('a', second)).toBe(0)
    expect(claims.settle('a', second)).toBeUndefined()
  })

  it('of later events of a key are lost with an earlier one: what outlasted its lease overtakes nothing', async () => {
    const clock = new VirtualClock()
    const claims = new Claims(clock)
    const events = ['a1', 'c1', 'd1', 'e1', 'b1', 'a2'].map((id) => ({ id, source: 's', key: id[0]! }))
    const claimed = events.map((event) => ({ event, fence: claims.take(event.id, 1_000, 2) }))
    await clock.advance(1_000)
    // Forgets the four oldest.
    claims.take('new', 1_000, 0)
    expect(claims.settleAll(claimed)).toEqual([undefined, undefined, undefined, undefined, 2, undefined])
    // Given back: who comes again with it need not wait.
    expect(claims.busy('a2')).toBe(false)
    expect(claims.busy('b1')).toBe(true)
  })
})
