import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
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
  for (const name of ['rmSync', 'statSync', 'renameSync', 'mkdirSync']) {
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
      expect(readdirSync(folder).sort()).toEqual(['holder', 'lock'])
      const said = await Promise.all(racers.map((racer) => racer.take()))
      await Promise.all(racers.map((racer) => racer.end()))
      expect(said.filter((one) => one === 'held').length, said.join()).toBeLessThanOrEqual(1)
      expect(said.filter((one) => one !== 'held' && one !== 'unavailable')).toEqual([])
      // Whoever comes next takes over from the dead.
      lockFolder(folder).release()
      expect(readdirSync(folder)).toEqual(['lock'])
    }
  })

  it('is refused to a second opener in this process and in its worker threads, until it is given back', async () => {
    const folder = join(root, 'threads')
    const lock = lockFolder(folder)
    expect(() => lockFolder(folder)).toThrow(`in use by process ${process.pid}, this one: give each queue and ledger`)
    const program = `
      const { parentPort } = require('node:worker_threads')
      import('${lockFile}').then(({ lockFolder }) => {
        try { lockFolder('${folder}'); parentPort.postMessage('held') } catch (error) { parentPort.postMessage(error.message) }
      })`
    const worker = new Worker(program, { eval: true })
    const said = await new Promise((resolve) => worker.once('message', resolve))
    await worker.terminate()
    expect(said).toContain('in use by process')
    lock.release()
    lockFolder(folder).release()
  })

  it('has its lock back when a thread that held it has ended', async () => {
    const folder = join(root, 'ended')
    const program = `import('${lockFile}').then(({ lockFolder }) => (lockFolder('${folder}'), process.exit()))`
    const worker = new Worker(program, { eval: true })
    await new Promise((resolve) => worker.once('exit', resolve))
    lockFolder(folder).release()
  })

  /** What a holder on another machine leaves in the folder, where its lock does not reach us. */
  function claimFromElsewhere(folder: string): string {
    const lock = lockFolder(folder)
    const holder = JSON.parse(readFileSync(join(folder, 'holder'), 'utf8'))
    lock.release()
    const path = join(folder, 'holder')
    writeFileSync(path, JSON.stringify({ ...holder, pid: 7, host: 'web-2', machine: 'another' }))
    return path
  }

  it('is refused while a holder on another machine renews its claim, and free 15 s after the last time', () => {
    const folder = join(root, 'machines')
    const claim = claimFromElsewhere(folder)
    expect(() => lockFolder(folder)).toThrow(/in use by process 7 on web-2 \(if it is gone, wait \d+ s\): end it/)
    const agoS = (ms: number) => (Date.now() - ms) / 1_000
    utimesSync(claim, agoS(1_000), agoS(1_000))
    expect(() => lockFolder(folder)).toThrow('in use by process 7')
    utimesSync(claim, agoS(16_000), agoS(16_000))
    lockFolder(folder).release()
  })

  it('is free in a copy, whoever holds the original', () => {
    const folder = join(root, 'original')
    claimFromElsewhere(folder)
    cpSync(folder, join(root, 'copy'), { recursive: true })
    lockFolder(join(root, 'copy')).release()
  })

  it('tells its holder when the claim is gone, or is another one', () => {
    const folder = join(root, 'lost')
    const lock = lockFolder(folder)
    lock.check()
    claimFromElsewhere(join(root, 'thief'))
    cpSync(join(root, 'thief', 'holder'), join(folder, 'stolen'))
    renameSync(join(folder, 'stolen'), join(folder, 'holder'))
    expect(() => lock.check()).toThrow('process 7 on web-2 has taken')
    rmSync(join(folder, 'holder'))
    expect(() => lock.check()).toThrow('writes nothing more')
    lock.release()
  })

  it('gives back its own lock only', () => {
    const folder = join(root, 'own')
    const lock = lockFolder(folder)
    rmSync(folder, { recursive: true })
    const later = lockFolder(folder)
    expect(() => lock.check()).toThrow('has taken')
    lock.release()
    expect(() => lockFolder(folder)).toThrow('in use')
    later.check()
    later.release()
  })

  it('costs nobody a warning, and hides none of others', () => {
    const program = `
      const { lockFolder } = await import('${lockFile}')
      lockFolder(process.argv[1]).release()
      process.emitWarning('one of another kind')`
    const args = ['--input-type=module', '-e', program, join(root, 'quiet')]
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stderr.match(/Warning: .*/g)).toEqual(['Warning: one of another kind'])
  })

  it("says 'unavailable' where nothing can be written", () => {
    writeFileSync(join(root, 'file'), '')
    expect(() => lockFolder(join(root, 'file', 'below'))).toThrow('cannot write in')
    expect(existsSync(join(root, 'file', 'below'))).toBe(false)
  })

  it('has a name that leads nowhere else', () => {
    for (const namespace of ['', '..', 'a/b', 'A', 'x'.repeat(65)]) {
      expect(() => namespaceFolder({ url: root, namespace })).toThrow('is not valid')
    }
  })

  it('is none where the address of a server was given, and is not made of it', () => {
    const url = 'redis://me:secret@host'
    expect(() => namespaceFolder({ url, namespace: 'shop' })).toThrow(/^an address with redis:\/\/ is that of a server/)
  })

  it('is none where its own address was given: a path is wanted', () => {
    const url = 'file:///var/data'
    expect(() => namespaceFolder({ url, namespace: 'shop' })).toThrow(
      /^an address with file:.*: give the path of the folder/,
    )
  })
})
