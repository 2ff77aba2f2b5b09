import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { lockFolder, namespaceFolder } from '../../../src/core/base/lock.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-lock-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const lockFile = new URL('../../../src/core/base/lock.ts', import.meta.url).href

/** Takes the folder, says so and keeps it until it dies. Each step on disk waits a random while first, so that racers mix. */
const HOLDER = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  for (const name of ['rmSync', 'writeFileSync', 'readdirSync', 'mkdirSync']) {
    const real = fs[name]
    fs[name] = (...args) => (sleep(Math.random() * 30), real(...args))
  }
  syncBuiltinESMExports()
  const { lockFolder } = await import('${lockFile}')
  process.stdout.write('ready\\n')
  process.stdin.once('data', () => {
    try { lockFolder(process.argv[1]); process.stdout.write('held\\n') } catch (error) { process.stdout.write(error.code + '\\n') }
  })
`
async function contender(folder: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const next = () => new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())))
  expect(await next()).toBe('ready')
  return {
    take() {
      child.stdin.write('go')
      return next()
    },
    end: () =>
      new Promise<void>((resolve) => {
        child.once('close', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

describe('a locked folder', () => {
  it('is never held by two of the processes that find the same stale lock at once', async () => {
    for (let round = 0; round < 3; round++) {
      const folder = join(root, `race${round}`)
      const [gone, ...racers] = await Promise.all(Array.from({ length: 6 }, () => contender(folder)))
      expect(await gone!.take()).toBe('held')
      await gone!.end()
      expect(readdirSync(folder)).toHaveLength(1)
      const said = await Promise.all(racers.map((racer) => racer.take()))
      await Promise.all(racers.map((racer) => racer.end()))
      expect(said.filter((one) => one === 'held').length, said.join()).toBeLessThanOrEqual(1)
      expect(said.filter((one) => one !== 'held' && one !== 'unavailable')).toEqual([])
      // Whoever comes next takes over from the dead.
      lockFolder(folder)()
      expect(readdirSync(folder)).toEqual([])
    }
  }, 60_000)

  it('is refused to a second opener in this process and in its worker threads, until it is given back', async () => {
    const folder = join(root, 'threads')
    const unlock = lockFolder(folder)
    expect(() => lockFolder(folder)).toThrow(`in use by process ${process.pid}`)
    const program = `
      const { parentPort } = require('node:worker_threads')
      import('${lockFile}').then(({ lockFolder }) => {
        try { lockFolder('${folder}'); parentPort.postMessage('held') } catch (error) { parentPort.postMessage(error.message) }
      })`
    const worker = new Worker(program, { eval: true })
    const said = await new Promise((resolve) => worker.once('message', resolve))
    await worker.terminate()
    expect(said).toContain('in use by process')
    unlock()
    lockFolder(folder)()
  })

  it('takes no account of a process that began at another time than the one that left the lock', () => {
    const folder = join(root, 'reused')
    mkdirSync(folder)
    writeFileSync(join(folder, `lock-${process.pid}-0.1-0`), '')
    writeFileSync(join(folder, 'lock-1-0.1-0'), '')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(join(folder, `lock-${pid}-0.1-0`), '')
    const unlock = lockFolder(folder)
    expect(readdirSync(folder)).toHaveLength(1)
    unlock()
  })

  it('gives back its own lock only', () => {
    const folder = join(root, 'own')
    const unlock = lockFolder(folder)
    rmSync(folder, { recursive: true })
    const later = lockFolder(folder)
    unlock()
    expect(() => lockFolder(folder)).toThrow('in use')
    later()
  })

  it("says 'unavailable' where nothing can be written", () => {
    writeFileSync(join(root, 'file'), '')
    expect(() => lockFolder(join(root, 'file', 'below'))).toThrow('cannot write in')
    expect(existsSync(join(root, 'file', 'below'))).toBe(false)
  })

  it('has a name that leads nowhere else', () => {
    for (const namespace of ['', '..', 'a/b', 'A', 'x'.repeat(65)]) {
      expect(() => namespaceFolder({ url: root, namespace })).toThrow('no namespace')
    }
  })
})
