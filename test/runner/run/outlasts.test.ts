// @module-tag full: a whole run.
import { expect, it } from 'vitest'
import { runsFolder } from '../floodmark.ts'

const { run, reportOf } = runsFolder()

it('a fault may outlast the sending, with no process of the stack alive meanwhile', async () => {
  const { code, out, err } = await run('outlasts', 'broker-restart', '--quick', '--rate', '20', '--duration', '2')
  expect([0, 4], out + err).toContain(code)
  expect(reportOf('outlasts').audit.lost).toBe(0)
})
