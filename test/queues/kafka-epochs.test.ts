import { expect, it } from 'vitest'
import { Epochs } from '../../queues/kafka/epochs.ts'

it('names the epoch of the record before an offset, also of one that was committed long before', () => {
  const epochs = new Epochs()
  epochs.note(0, 10, 20, 3)
  epochs.note(0, 20, 25, 3)
  epochs.note(0, 25, 30, 5)
  expect([10, 11, 25, 26, 30, 31].map((next) => epochs.before(0, next))).toEqual([-1, 3, 3, 5, 5, -1])
  expect(epochs.before(1, 20)).toBe(-1)
})

it('forgets what lies behind an offset that is read again', () => {
  const epochs = new Epochs()
  epochs.note(0, 0, 10, 1)
  epochs.note(0, 10, 20, 2)
  epochs.note(0, 5, 12, 3)
  expect([5, 6, 12, 20].map((next) => epochs.before(0, next))).toEqual([1, 3, 3, -1])
})

it('knows nothing across a gap, and nothing of a partition that it forgot', () => {
  const epochs = new Epochs()
  epochs.note(0, 0, 10, 1)
  epochs.note(0, 15, 20, 2)
  expect([5, 15, 16].map((next) => epochs.before(0, next))).toEqual([-1, -1, 2])
  epochs.forget(0)
  expect(epochs.before(0, 16)).toBe(-1)
})

it('takes what another process committed, where it does not know it better', () => {
  const epochs = new Epochs()
  epochs.noteCommitted(0, 100, 4)
  expect([99, 100, 101].map((next) => epochs.before(0, next))).toEqual([-1, 4, -1])
  epochs.note(0, 100, 110, 5)
  // What is committed lies behind what was read ahead: that stays known.
  epochs.noteCommitted(0, 100, 4)
  expect([100, 110].map((next) => epochs.before(0, next))).toEqual([4, 5])
  // Another leader took over, and another process read and committed what that one has.
  epochs.noteCommitted(0, 105, 6)
  expect([105, 110].map((next) => epochs.before(0, next))).toEqual([6, -1])
  // Nothing is committed, or a client did it that names no epoch.
  epochs.noteCommitted(1, -1, -1)
  epochs.noteCommitted(2, 50, -1)
  expect([epochs.before(1, 0), epochs.before(2, 50)]).toEqual([-1, -1])
})

it('keeps a bounded number of changes, the latest', () => {
  const epochs = new Epochs()
  for (let at = 0; at < 1_000; at++) epochs.note(0, at, at + 1, at)
  expect(epochs.before(0, 1_000)).toBe(999)
  expect(epochs.before(0, 950)).toBe(949)
  expect(epochs.before(0, 5)).toBe(-1)
})
