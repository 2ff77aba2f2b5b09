import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { readEffects } from '../../../src/runner/records/effects-file.ts'
import { effectsPath } from '../../../src/runner/records/run-record.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import { Stack, type StackMember } from '../../../src/runner/testbed/stack.ts'

/** Longer than until a process that died by itself is started again. */
const REVIVAL_MS = 500
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodmark-stack-'))
})
let stack: Stack
afterEach(async () => {
  await stack.end()
  rmSync(folder, { recursive: true, force: true })
})

/** A stack of one process. */
async function started() {
  const place = (kind: 'queue' | 'ledger') => ({ module: moduleOf(kind, 'memory'), url: '' })
  stack = new Stack({
    setup: {
      runId: 'test00',
      namespace: 'test00',
      routes: [],
      providerApi: undefined,
      settings: settingsOf('steady', {}).settings,
      trace: undefined,
      receivers: 1,
      scenario: moduleOf('scenario', 'steady'),
      receiver: moduleOf('receiver', 'raw-http'),
      queue: place('queue'),
      ledger: place('ledger'),
    },
    processes: 1,
    shared: { queue: false, ledger: false },
    onSample: () => {},
  })
  await stack.start()
  return stack.members[0]!
}

/** The same, when its process has just died by itself. */
async function died() {
  const member = await started()
  const { process, exited } = member.child!
  process.kill('SIGKILL')
  await exited
  expect(stack.unplannedDeaths).toBe(1)
  return member
}
const later = () => new Promise((resolve) => setTimeout(resolve, REVIVAL_MS))

describe('a process of the stack that died by itself', () => {
  it('is started again, once, on its port', async () => {
    const member = await died()
    const { port } = member
    await expect.poll(() => member.down).toBe(false)
    const { child } = member
    expect((await stack.up(member)).port).toBe(port)
    expect(member.child).toBe(child)
  })

  it('runs once, when a fault had already restarted it', async () => {
    const member = await died()
    await stack.stop(member)
    await stack.up(member)
    const { child } = member
    await later()
    expect(member.child).toBe(child)
    expect(stack.unplannedDeaths).toBe(1)
  })

  it('stays down while a fault keeps it down', async () => {
    const member = await died()
    await stack.kill(member)
    await later()
    expect(member.down).toBe(true)
    expect(member.child!.process.signalCode).toBe('SIGKILL')
  })

  it('is asked for its effects when it is up again', async () => {
    const member = await died()
    while (member.down) await new Promise((resolve) => setTimeout(resolve, 5))
    await stack.export(folder, 0)
    expect([...readEffects(effectsPath(folder))]).toEqual([])
  })
})

describe('a fault inside a process', () => {
  const readiness = async (member: StackMember) => (await fetch(`http://127.0.0.1:${member.port}/readyz`)).text()
  const turnedOn = (member: StackMember) =>
    stack.inject(member, { what: 'failing-ledger', strikes: 'processors', at: 0, forMs: 1 })

  it('is on again when the process is started again, and off when it is undone', async () => {
    const member = await started()
    const undo = turnedOn(member)
    await expect.poll(() => readiness(member)).toBe('not ready: ledger')
    await stack.kill(member)
    await stack.up(member)
    await expect.poll(() => readiness(member)).toBe('not ready: ledger')
    undo()
    await expect.poll(() => readiness(member)).toBe('ready')
  })

  it('that comes while the process is starting is on, and off when it is undone', async () => {
    const member = await started()
    await stack.kill(member)
    const up = stack.up(member)
    const undo = turnedOn(member)
    await up
    await expect.poll(() => readiness(member)).toBe('not ready: ledger')
    undo()
    await expect.poll(() => readiness(member)).toBe('ready')
  })
})
