import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../src/core/contracts/clock.ts'
import { Lingering } from '../../../src/core/receiving/linger.ts'

function setUp() {
  const timers = new Map<() => void, number>()
  const after: Clock['after'] = (ms, fn) => {
    timers.set(fn, ms)
    return () => timers.delete(fn)
  }
  /** What is due until then fires, in order. */
  const pass = (untilMs: number) => {
    for (const [fire, ms] of [...timers].sort(([, a], [, b]) => a - b)) {
      if (ms > untilMs || !timers.delete(fire)) continue
      fire()
    }
  }
  const lingering = new Lingering({ ...systemClock, after })
  const begin = () => {
    const request = Object.assign(new EventEmitter(), {
      flows: true,
      pause() {
        this.flows = false
        return this
      },
      resume() {
        this.flows = true
      },
    })
    let ends = 0
    lingering.end(request as unknown as IncomingMessage, { end: () => ends++ } as unknown as ServerResponse)
    return { request, ends: () => ends }
  }
  return { begin, timers, pass }
}

describe('a refused request lingers', () => {
  it.each(['end', 'close'])('until its %s, which ends it once', (event) => {
    const { begin, timers } = setUp()
    const { request, ends } = begin()
    expect(ends()).toBe(0)
    request.emit(event)
    request.emit('close')
    expect(ends()).toBe(1)
    expect(timers.size).toBe(0)
  })

  it('until its time is over', () => {
    const { begin, timers, pass } = setUp()
    const { ends } = begin()
    pass(999)
    expect(ends()).toBe(0)
    pass(1_000)
    expect(ends()).toBe(1)
    expect(timers.size).toBe(0)
  })

  it('and takes nothing at first, so that a sender that cannot write looks for its answer', () => {
    const { begin, pass } = setUp()
    const { request } = begin()
    pass(49)
    expect(request.flows).toBe(false)
    pass(50)
    expect(request.flows).toBe(true)
  })

  it('and takes 4 MiB, or 8,192 pieces of whatever length, then nothing until its time is over', () => {
    for (const [bytes, pieces] of [
      [64 * 1024, 64],
      [1, 8_192],
    ] as const) {
      const { begin, pass } = setUp()
      const { request, ends } = begin()
      pass(50)
      for (let at = 0; at < pieces; at++) request.emit('data', Buffer.alloc(bytes))
      expect(request.flows).toBe(true)
      request.emit('data', Buffer.alloc(bytes))
      expect([request.flows, ends()]).toEqual([false, 0])
      pass(1_000)
      expect(ends()).toBe(1)
    }
  })

  it('with a hundred others at most: one more is ended at once, until one has ended', () => {
    const { begin } = setUp()
    const hundred = Array.from({ length: 100 }, begin)
    expect(hundred.map(({ ends }) => ends())).toEqual(Array(100).fill(0))
    expect(begin().ends()).toBe(1)
    hundred[0]!.request.emit('close')
    expect(begin().ends()).toBe(0)
  })
})
