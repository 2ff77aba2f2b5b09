import { expect, it } from 'vitest'
import { WakeUps } from '../../../src/core/base/wake-ups.ts'

it('a caller is woken by the next change, by an abort, and at once where the abort was before', async () => {
  const wakeUps = new WakeUps()
  const stop = new AbortController()
  const woken: string[] = []
  const wait = (name: string) => void wakeUps.next(stop.signal).then(() => woken.push(name))
  wait('by a change')
  wakeUps.wake()
  await Promise.resolve()
  wait('by an abort')
  stop.abort()
  await Promise.resolve()
  wait('at once')
  await Promise.resolve()
  expect(woken).toEqual(['by a change', 'by an abort', 'at once'])
})
