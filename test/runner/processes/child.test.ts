import { expect, it, onTestFinished } from 'vitest'
import { startProcess } from '../../../src/runner/processes/child.ts'

const TELLS = new URL('./tells-time.ts', import.meta.url)

it('a process that has ended is not waited for', async () => {
  const child = startProcess<never, { kind: 'time' }>('clock', TELLS)
  await child.next('time')
  await child.end(5_000)
  await expect(child.next('time')).rejects.toMatchObject({ message: 'the clock process ended early (code 0)' })
})

it('a process that cannot be started is told, and is not kept for the end of this one', async () => {
  const { execPath } = process
  onTestFinished(() => {
    process.execPath = execPath
  })
  process.execPath = '/nowhere/node'
  const before = process.listenerCount('exit')
  const child = startProcess<never, { kind: 'time' }>('clock', TELLS)
  await child.exited
  await expect(child.next('time')).rejects.toMatchObject({
    message: expect.stringContaining('the clock process cannot be started'),
  })
  expect(process.listenerCount('exit')).toBe(before)
})
