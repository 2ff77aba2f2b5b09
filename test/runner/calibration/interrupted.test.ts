import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runsFolder, start } from '../floodmark.ts'

const { root } = runsFolder()

it('a calibration that is interrupted says so, whatever it was about', async () => {
  const { child, ended } = start('calibrate', '--only', 'mmc', '--out', join(root, 'calibration'))
  // It has named the server that it is about to start.
  child.stderr!.once('data', () => child.kill('SIGTERM'))
  const { code, out, err } = await ended
  expect(code, out + err).toBe(130)
})
