import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { brokers } from '../../../src/runner/servers/brokers.ts'
import { holderOf, isAlive } from '../../../src/runner/servers/holder.ts'
import redis from '../../../src/runner/servers/kinds/redis.ts'
import { startNative } from '../../../src/runner/servers/native.ts'
import { endStale, provide } from '../../../src/runner/servers/provide.ts'
import { remember, remembered } from '../../../src/runner/servers/started.ts'
import { describeWithServer } from '../../servers.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-life-'))
let cacheFolder = ''
let folder = ''
let lines: string[] = []
const onProgress = (line: string) => lines.push(line)

beforeEach(() => {
  const place = mkdtempSync(join(root, 'p-'))
  cacheFolder = join(place, 'cache')
  folder = join(place, 'run')
  lines = []
})
// Also what a failed test left.
const runs: ChildProcess[] = []
afterEach(async () => {
  for (const run of runs.splice(0)) {
    if (run.exitCode === null && run.signalCode === null && run.kill('SIGKILL')) await once(run, 'exit')
  }
  await endStale(cacheFolder, () => {})
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Starts a run in a process of its own. */
function child(then: 'wait' | 'exit' | 'kill' | 'stop') {
  const program = new URL('./provision-child.ts', import.meta.url).pathname
  const run = spawn(process.execPath, [program, cacheFolder, folder, then], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  runs.push(run)
  const said = createInterface({ input: run.stdout })[Symbol.asyncIterator]()
  return { run, ended: once(run, 'exit'), next: async () => JSON.parse((await said.next()).value as string) }
}

const data = () => readdirSync(folder).length
const gone = (holder: { pid: number; started: string } | undefined) => expect.poll(() => isAlive(holder!)).toBe(false)

describeWithServer('redis', () => {
  it('a run that exits ends its server', async () => {
    const { ended, next } = child('exit')
    const { url } = await next()
    await ended
    await expect.poll(() => redis.probe(url, 1_000)).toBe(undefined)
    expect(data()).toBe(0)
  })

  it('a process that only stops its server goes on behind that', async () => {
    const { ended, next } = child('stop')
    await next()
    expect(await next()).toEqual({ isStopped: true })
    expect(await ended).toEqual([0, null])
    expect([data(), remembered(cacheFolder)]).toEqual([0, []])
  })

  it('a run that crashes leaves its server, and the next one ends it', async () => {
    const { run, ended, next } = child('wait')
    const holder = holderOf((await next()).pid)
    run.kill('SIGKILL')
    await ended
    expect(isAlive(holder!)).toBe(true)
    await endStale(cacheFolder, onProgress)
    await gone(holder)
    expect([data(), remembered(cacheFolder), lines.length]).toEqual([0, [], 1])
    expect(lines[0]).toMatch(/^ending a redis server that an earlier run left behind \(redis:/)
  })

  it('the data of a server that was killed on purpose is removed too when its run crashes', async () => {
    const { run, ended, next } = child('kill')
    await next()
    expect(data()).toBe(1)
    run.kill('SIGKILL')
    await ended
    await endStale(cacheFolder, onProgress)
    expect([data(), remembered(cacheFolder)]).toEqual([0, []])
  })

  it('a server whose run lives is left alone', async () => {
    const { run, ended, next } = child('wait')
    const holder = holderOf((await next()).pid)
    await endStale(cacheFolder, onProgress)
    await brokers.down(['redis'], { cacheFolder, say: onProgress, onProgress })
    expect([isAlive(holder!), data(), lines]).toEqual([true, 1, []])
    run.kill('SIGKILL')
    await ended
    await endStale(cacheFolder, onProgress)
    await gone(holder)
  })

  it('Ctrl-C reaches the run and not its server, which the run still asks and then ends', async () => {
    const { run, ended, next } = child('wait')
    const holder = holderOf((await next()).pid)
    process.kill(-run.pid!, 'SIGINT')
    expect(await next()).toEqual({ answers: true })
    expect(await ended).toEqual([0, null])
    await gone(holder)
    expect([data(), remembered(cacheFolder)]).toEqual([0, []])
  })

  it('no process is ended that only has the number of one that was started, and no folder removed but our own', async () => {
    const other = spawn('sleep', ['60'], { detached: true })
    const nobody = { pid: 4_194_303, started: '1' }
    mkdirSync(folder)
    const entry = { kind: 'redis', url: 'redis://127.0.0.1:1', says: '', folder, owner: nobody, project: null } as const
    remember(cacheFolder, { ...entry, process: { pid: other.pid!, started: '1' } })
    await endStale(cacheFolder, onProgress)
    expect([isAlive(holderOf(other.pid!)!), existsSync(folder), remembered(cacheFolder)]).toEqual([true, true, []])
    other.kill()
  })

  it('stays after `up`, is used by runs, which leave it, shows in `status`, and is ended by `down`', async () => {
    const say = (line: string) => lines.push(line)
    const options = { cacheFolder, say, onProgress: () => {} }
    const first = await startNative(redis, await redis.recipe({ fsync: 'always', cacheFolder, onProgress }), {
      folder,
      cacheFolder,
      stays: true,
      onProgress,
    })
    await brokers.up(['redis'], options)
    const used = await provide('redis', { folder, cacheFolder, onProgress })
    expect(used).toMatchObject({ origin: 'kept', url: first.url })
    await used.stop()
    await brokers.status(['redis'], options)
    expect(lines).toEqual(Array(2).fill(expect.stringMatching(`^redis  ${first.url} .*kept by 'brokers up'$`)))
    await brokers.down(['redis'], options)
    expect(lines[2]).toMatch(`${first.url}  ended, and its data removed`)
    expect([data(), remembered(cacheFolder)]).toEqual([0, []])
  })
})
