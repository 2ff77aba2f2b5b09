import { expect, it } from 'vitest'
import { LastingTrouble } from '../../../src/core/base/backoff.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'

function trouble() {
  const clock = new VirtualClock(0)
  const told: string[] = []
  const one = new LastingTrouble(clock, 'nothing comes', (error) => void told.push((error as Error).message))
  return { clock, told, one }
}

it('trouble of a moment is told to nobody, also when it comes again and again', async () => {
  const { clock, told, one } = trouble()
  for (let times = 0; times < 10; times++) {
    one.failed(new Error('gone'))
    await clock.advance(9_000)
    one.failed(new Error('gone'))
    one.worked()
  }
  expect(told).toEqual([])
})

it('trouble that lasts is told once, and once that it is over', async () => {
  const { clock, told, one } = trouble()
  for (let seconds = 0; seconds < 100; seconds++) {
    one.failed(new Error('gone'))
    await clock.advance(1_000)
  }
  one.worked()
  one.worked()
  expect(told).toEqual([
    'nothing comes for 10 s: gone. It is tried until it works',
    'nothing comes for 100 s: that is over',
  ])
})
