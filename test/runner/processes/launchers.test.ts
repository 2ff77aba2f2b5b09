import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { holds, linksAbove, linuxProcesses, type ProcessTable } from '../../../src/runner/processes/launchers.ts'
import { needing } from '../../needs.ts'

const linux = needing(existsSync('/proc/self/stat') ? undefined : 'Linux alone shows the processes above one')

/** pid: its parent, whether a package manager marked it, and whether it began a session. */
type Processes = Readonly<Record<number, readonly [parent: number, isMarked: boolean, leads?: boolean]>>
const tableOf = (processes: Processes): ProcessTable => ({
  parentOf: (pid) => processes[pid]?.[0],
  isMarked: (pid) => processes[pid]?.[1] ?? false,
  leads: (pid) => processes[pid]?.[2] ?? false,
})

const NPX = { 9: [8, true], 8: [7, true], 7: [3, false], 3: [1, false] } satisfies Processes
const NPX_PNPM = { 9: [8, true], 8: [6, true], 6: [7, true], 7: [3, false], 3: [1, false] } satisfies Processes

describe('what stands above a process', () => {
  it.each<[string, Processes, number[]]>([
    ['nothing that matters, where no package manager started it', { 9: [8, false], 8: [1, false] }, []],
    ['nothing, as a daemon that init started', { 9: [1, false] }, []],
    ['the shell of npx and npx, and no terminal', NPX, [8, 7]],
    ['both package managers, where one started the other', NPX_PNPM, [8, 6, 7]],
    ['npm alone, where that is the first process of a container', { 9: [8, true], 8: [1, true] }, [8, 1]],
    ['nobody, where the script of npm has ended before', { 9: [1, true] }, [1]],
    ['nothing, where setsid set it apart', { 9: [8, true, true], 8: [7, true] }, []],
    ['a manager of daemons, and not who started that', { 9: [8, true], 8: [7, true, true], 7: [3, true] }, [8]],
    ['what may be seen, where the rest belongs to somebody else', { 9: [8, true], 8: [7, false] }, [8]],
  ])('%s', (_, processes, parents) => {
    expect(linksAbove(9, tableOf(processes)).map(([, parent]) => parent)).toEqual(parents)
  })

  it.each<[string, Processes, Processes, boolean]>([
    ['all is as it was', NPX, NPX, true],
    ['its shell has ended', NPX, { ...NPX, 9: [1, true] }, false],
    ['npx was killed, and its shell waits for us', NPX, { ...NPX, 8: [1, true] }, false],
    ['a shell far above has ended', NPX_PNPM, { ...NPX_PNPM, 8: [1, true], 6: [1, true] }, false],
    ['the terminal was closed', NPX, { ...NPX, 7: [1, false] }, true],
    ['init is its parent, as at the start', { 9: [1, true] }, { 9: [1, true] }, true],
    ['a daemon is given to another parent', { 9: [8, false] }, { 9: [1, false] }, true],
  ])('%s', (_, before, after, isWell) => {
    expect(holds(linksAbove(9, tableOf(before)), tableOf(after))).toBe(isWell)
  })
})

it('is told by Linux who began a session', linux, async () => {
  for (const detached of [true, false]) {
    const env = { ...process.env, npm_config_user_agent: 'npm/11' }
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { detached, env })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'spawn')
    const pid = child.pid!
    const { leads, parentOf, isMarked } = linuxProcesses
    expect([leads(pid), parentOf(pid), isMarked(pid)]).toEqual([detached, process.pid, true])
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(parentOf(pid)).toBeUndefined()
  }
})
