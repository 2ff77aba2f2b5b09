import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { byClass, markdown, type Result } from '../../bench/compare/report.ts'
import { cpuSecondsOf } from '../../bench/lib/process-cpu.ts'
import type { FailureMode, QueueTraits } from '../../src/core/contracts/queue.ts'
import { needing } from '../needs.ts'

const TURN = {
  acceptP50Ms: 1,
  acceptP99Ms: 2,
  acceptedPerS: 3,
  effectsPerS: null,
  stackCpuMsPer1000: 4,
  serverCpuMsPer1000: null,
  absorbed: { byQueue: 150, byLedger: 50 },
  failed: 0,
  ranOut: false,
}

function result(name: string, survives: readonly FailureMode[], server = 'a server'): Result {
  const traits = { name, server, survives } as unknown as QueueTraits
  return { name, hasServer: true, stored: { traits, diskBytesPerEvent: 5, memoryBytesPerEvent: null }, turns: [TURN] }
}

describe('the table that compares queues', () => {
  it('has a part for each set of faults survived, so that no queue stands beside one that promises less', () => {
    const all = [result('a', ['power-loss']), result('b', []), result('c', ['power-loss'])]
    const names = [...byClass(all)].map(([title, members]) => [title, members.map(({ name }) => name)])
    expect(names).toEqual([
      ['Survives power-loss', ['a', 'c']],
      ['Survives nothing', ['b']],
    ])
    expect(markdown('', all).match(/^## Survives/gm)).toHaveLength(2)
  })

  it('says unknown for what is not known, and that an emulator is one', () => {
    const row = markdown('', [result('a', [], 'an emulator of something')])
      .match(/^\| a .*$/m)![0]
      .replace(/ +/g, ' ')
    expect(row).toBe(
      '| a (emulator) | 1.00 | 2.00 | 3.00 (3.00–3.00) | unknown | 4.00 | unknown | 5.00 | unknown | 200 of 200 (queue 150, ledger 50) |',
    )
  })
})

const missing = process.platform === 'linux' ? undefined : 'only Linux tells the CPU time of another process'
describe('CPU time of another process', needing(missing), () => {
  it('counts what it has used, and is unknown once it is gone', async () => {
    const script =
      "const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end); console.log('used'); process.stdin.resume()"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child.stdout!, 'data')
    expect(cpuSecondsOf(child.pid!)).toBeGreaterThanOrEqual(0.25)
    child.stdin!.end()
    await once(child, 'exit')
    expect(cpuSecondsOf(child.pid!)).toBeNull()
  })
})
