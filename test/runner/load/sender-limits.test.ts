import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Limited, TimeLimits } from '../../../src/runner/load/sender/limits.ts'

class Item implements Limited {
  dueMs = 0
  before: Limited | undefined
  after: Limited | undefined
  timeouts = 0
  timeout(): void {
    this.timeouts++
  }
}

describe('time limits', () => {
  it('end what is due, once, and nothing that was taken off or has time left', () => {
    const limits = new TimeLimits()
    const [due, done, later] = [new Item(), new Item(), new Item()]
    limits.add(due, 100, 0)
    limits.add(done, 100, 0)
    limits.add(later, 100, 50)
    limits.remove(done)
    limits.remove(done)
    limits.expire(99)
    expect(due.timeouts).toBe(0)
    limits.expire(100)
    limits.expire(120)
    expect([due.timeouts, done.timeouts, later.timeouts]).toEqual([1, 0, 0])
    limits.expire(150)
    expect(later.timeouts).toBe(1)
  })

  it('let go of what has ended, also from behind one that stalls', () => {
    const limits = new TimeLimits()
    const stalled = new Item()
    limits.add(stalled, 1_000, 0)
    const ended = Array.from({ length: 100 }, () => new Item())
    for (const item of ended) limits.add(item, 1_000, 1)
    for (const item of ended) limits.remove(item)
    const reached = new Set<unknown>()
    for (let at: Limited | undefined = stalled; at && !reached.has(at); at = at.after) reached.add(at)
    expect(ended.some((item) => reached.has(item) || item.before || item.after)).toBe(false)
  })

  it('agree with one timer per item, whatever the order of events', () => {
    const step = fc.record({ advanceMs: fc.nat(30), limitMs: fc.constantFrom(10, 25, 40), remove: fc.nat(5) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const limits = new TimeLimits()
        const running = new Map<Item, number>()
        const all: Item[] = []
        const expected = new Set<Item>()
        let nowMs = 0
        for (const { advanceMs, limitMs, remove } of steps) {
          nowMs += advanceMs
          limits.expire(nowMs)
          for (const [item, dueMs] of running) if (dueMs <= nowMs && running.delete(item)) expected.add(item)
          const gone = [...running.keys()][remove]
          if (gone) limits.remove(gone)
          if (gone) running.delete(gone)
          const item = new Item()
          all.push(item)
          running.set(item, nowMs + limitMs)
          limits.add(item, limitMs, nowMs)
        }
        for (const item of all) expect(item.timeouts).toBe(expected.has(item) ? 1 : 0)
      }),
    )
  })
})
