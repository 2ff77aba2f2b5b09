import { expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { WorkPace } from '../../../src/core/service/pace.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function started() {
  const clock = new VirtualClock()
  const state = { accepted: 0, waiting: 1_000, isUp: true, reads: 0 }
  const depth = async () => {
    state.reads++
    if (!state.isUp) throw new Error('down')
    return { waiting: state.waiting, inFlight: 0, oldestMs: undefined, exact: true }
  }
  const pace = new WorkPace({ depth }, clock, () => state.accepted)
  /** What it says, once a reading that it may have begun is in. */
  const asked = async () => {
    pace.backlogS()
    await turn()
    return pace.backlogS()
  }
  return { clock, state, asked }
}

it('says how long the backlog takes, from what came and what still waits', async () => {
  const { clock, state, asked } = started()
  expect(await asked()).toBeUndefined()
  await clock.advance(2_000)
  // 300 came and 100 fewer wait: 200 a second were worked off.
  Object.assign(state, { accepted: 300, waiting: 900 })
  expect(await asked()).toBe(4.5)
})

it('says nothing where nothing is worked off, or where what it knows is old', async () => {
  const { clock, state, asked } = started()
  await asked()
  await clock.advance(2_000)
  expect(await asked()).toBeUndefined()
  await clock.advance(2_000)
  state.waiting = 800
  expect(await asked()).toBe(8)
  await clock.advance(100_000)
  expect(await asked()).toBeUndefined()
})

it('reads no more than once a second, and outlives a queue that does not answer', async () => {
  const { clock, state, asked } = started()
  for (let time = 0; time < 20; time++) await asked()
  expect(state.reads).toBe(1)
  state.isUp = false
  await clock.advance(2_000)
  expect(await asked()).toBeUndefined()
  Object.assign(state, { isUp: true, waiting: 500 })
  expect(await asked()).toBe(2)
})
