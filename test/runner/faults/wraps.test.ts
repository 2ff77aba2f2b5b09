import { describe, expect, it } from 'vitest'
import { Layered, Wraps } from '../../../src/runner/faults/wraps.ts'

type Say = (word: string) => string
const base: Say = (word) => word
const named =
  (name: string) =>
  (inner: Say): Say =>
  (word) =>
    `${name}(${inner(word)})`

describe('layers around a function', () => {
  it('are none while nothing is on: what is called is the function itself', () => {
    const layered = new Layered(base)
    expect(layered.top).toBe(base)
    layered.add(named('a'))()
    expect(layered.top).toBe(base)
  })

  it('may be taken off in any order, twice too', () => {
    const layered = new Layered(base)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => layered.add(named(name)))
    expect(layered.top('x')).toBe('c(b(a(x)))')
    b!()
    expect(layered.top('x')).toBe('c(a(x))')
    a!()
    a!()
    expect(layered.top('x')).toBe('c(x)')
    const d = layered.add(named('d'))
    c!()
    expect(layered.top('x')).toBe('d(x)')
    d()
    expect(layered.top('x')).toBe('x')
  })

  it('keep what they hold for as long as they are on, whatever comes and goes around them', () => {
    const layered = new Layered(base)
    let calls = 0
    const counted = layered.add((inner) => {
      let own = 0
      return (word) => {
        calls = ++own
        return inner(word)
      }
    })
    layered.top('x')
    const around = layered.add(named('a'))
    layered.top('x')
    around()
    layered.top('x')
    expect(calls).toBe(3)
    counted()
  })

  it('are around every function there is, and around those that come later', () => {
    const wraps = new Wraps<Say>()
    const early = wraps.around(base)
    const undo = wraps.add(named('a'))
    const late = wraps.around(base)
    expect([early.top('x'), late.top('x')]).toEqual(['a(x)', 'a(x)'])
    undo()
    expect([early.top('x'), late.top('x'), wraps.around(base).top('x')]).toEqual(['x', 'x', 'x'])
  })
})
