import { describe, expect, it } from 'vitest'
import { seeded } from '../../../../src/core/contracts/random.ts'
import { Flow } from '../../../../src/runner/records/meters/flow.ts'

function clocked() {
  const clock = { nowMs: 0 }
  return { clock, flow: new Flow(() => clock.nowMs) }
}

describe('a meter of calls', () => {
  it('sums how long they took, what they carried and how many were in hand', () => {
    const { clock, flow } = clocked()
    const first = flow.begin()
    clock.nowMs = 10
    const second = flow.begin()
    clock.nowMs = 30
    flow.end(first, 3)
    clock.nowMs = 35
    flow.end(second, 1)
    clock.nowMs = 100
    expect(flow.read()).toEqual({ calls: 2, items: 4, tookMs: 55, inHandMs: 55 })
  })

  it('counts many that begin at once, and end one by one', () => {
    const { clock, flow } = clocked()
    const began = flow.begin(3)
    clock.nowMs = 10
    flow.end(began, 1, 0)
    flow.end(began, 1, 0)
    clock.nowMs = 40
    flow.end(began, 1, 1)
    expect(flow.read()).toEqual({ calls: 1, items: 3, tookMs: 60, inHandMs: 60 })
  })

  it('a call that never ends is in hand, and no call that took its time: Little’s law tells', () => {
    const { clock, flow } = clocked()
    flow.begin()
    const other = flow.begin()
    clock.nowMs = 50
    flow.end(other, 1)
    expect(flow.read()).toEqual({ calls: 1, items: 1, tookMs: 50, inHandMs: 100 })
  })

  it('holds Little’s law for calls that come and take as they will', () => {
    const { clock, flow } = clocked()
    const random = seeded(5)
    const open: number[] = []
    for (let at = 0; at < 10_000; at++) {
      clock.nowMs += random() * 3
      if (open.length === 0 || random() < 0.5) open.push(flow.begin())
      else flow.end(open.splice(Math.floor(random() * open.length), 1)[0]!, 1)
    }
    const { tookMs, inHandMs } = flow.read()
    const stillOpenMs = open.reduce((sum, beganMs) => sum + clock.nowMs - beganMs, 0)
    expect(tookMs + stillOpenMs).toBeCloseTo(inHandMs)
  })

  it('counts a call that fails, and lets its error through', async () => {
    const { flow } = clocked()
    await expect(flow.around(2, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(flow.read()).toMatchObject({ calls: 1, items: 2 })
  })
})
