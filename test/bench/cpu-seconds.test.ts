import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { cpuSecondsOf } from '../../bench/lib/cpu-seconds.ts'
import { needing } from '../needs.ts'

const linux = needing(existsSync('/proc/self/stat') ? undefined : 'Linux alone tells the CPU time of other processes')

it('tells what a process has used, also once it has ended: counts are read while a server stops', linux, async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const seconds = cpuSecondsOf(child.pid!)
  await expect.poll(seconds, { timeout: 60_000 }).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(seconds()).toBeGreaterThan(0)
})
