import { expect, it } from 'vitest'
import { startProcess } from '../../../src/runner/processes/child.ts'

const TELLS = new URL('./tells-time.ts', import.meta.url)

it('a process that has ended is not waited for', async () => {
  const child = startProcess<never, { kind: 'time' }>('clock', TELLS)
  await child.next('time')
  await child.end(5_000)
  await expect(child.next('time')).rejects.toMatchObject({ message: 'the clock process ended early (code 0)' })
})
