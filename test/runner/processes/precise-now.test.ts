import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { startProcess } from '../../../src/runner/processes/child.ts'
import { epochAt, preciseNow } from '../../../src/runner/processes/precise-now.ts'

const TELLS = new URL('./tells-time.ts', import.meta.url)

it('a process and a thread read the same clock as we do', async () => {
  const from = preciseNow()
  const child = startProcess<never, { kind: 'time'; nowMs: number }>('clock', TELLS)
  const { nowMs } = await child.next('time')
  const until = preciseNow()
  await child.end(5_000)
  expect(nowMs).toBeGreaterThan(from)
  expect(nowMs).toBeLessThan(until)

  const began = preciseNow()
  const worker = new Worker(TELLS)
  const [told] = (await once(worker, 'message')) as [{ nowMs: number }]
  expect(told.nowMs).toBeGreaterThan(began)
  expect(told.nowMs).toBeLessThan(preciseNow())
  await worker.terminate()
})

it('does not move when the wall clock is corrected', () => {
  const before = preciseNow()
  const { now } = Date
  try {
    Date.now = () => now() - 3_600_000
    expect(preciseNow()).toBeGreaterThanOrEqual(before)
    expect(epochAt(preciseNow())).toBeLessThan(now() - 3_000_000)
  } finally {
    Date.now = now
  }
})
