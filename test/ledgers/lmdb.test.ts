import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import lmdb from '../../ledgers/lmdb.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { anEvent } from '../events.ts'
import { needing } from '../needs.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-lmdb-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const noLimit =
  spawnSync('prlimit', ['--version']).status === 0 ? undefined : 'there is no prlimit (apt-get install util-linux)'
const programAt = (name: string) => new URL(`./${name}.ts`, import.meta.url).pathname

/** Lets the settler run and kills it. Returns the numbers whose settle calls had resolved. */
function killed(first: number, afterMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const args = [programAt('lmdb-settler'), root, String(first)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data) => {
      if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
      text += data
    })
    child.on('close', () => {
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      resolve(whole.split('\n').filter(Boolean).map(Number))
    })
  })
}

describe('the lmdb ledger', () => {
  it('holds every resolved settlement once after SIGKILL at random moments', async () => {
    const random = seeded(11)
    const resolved = new Set<number>()
    for (let round = 0; round < 8; round++) {
      for (const number of await killed(round * 1_000_000, random() * 150)) resolved.add(number)
      const ledger = await lmdb.open({ url: root, namespace: 'crash' })
      const found: number[] = []
      for await (const [name, value] of ledger.items('list/')) {
        found.push(Number(String(value)))
        expect(name).toBe(`list/${found.at(-1)! % 5}`)
      }
      expect(new Set(found).size).toBe(found.length)
      expect(resolved.difference(new Set(found)).size).toBe(0)
      expect(String(await ledger.read('total'))).toBe(String(found.length))
      const again = await ledger.claim(
        found.slice(-500).map((number) => anEvent(String(number))),
        1_000,
      )
      expect(new Set(again.map(({ state }) => state))).toEqual(new Set(['duplicate']))
      await ledger.close()
    }
    expect(resolved.size).toBeGreaterThan(40)
  })

  it("says 'unavailable' on a full disk, stores nothing, and goes on when there is room", {
    ...needing(noLimit),
  }, async () => {
    const limited = `trap '' XFSZ; ulimit -S -f 4000; exec "$0" "$@"`
    const args = ['-c', limited, process.execPath, programAt('lmdb-full-disk'), root]
    const child = spawn('bash', args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const told = JSON.parse((await lines.next()).value!)
    expect(told).toEqual({ round: told.round, code: 'unavailable', n: 2 * told.round })
    expect(told.round).toBeGreaterThan(5)
    await once(spawn('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'], { stdio: 'inherit' }), 'close')
    child.stdin.end('\n')
    expect(JSON.parse((await lines.next()).value!)).toEqual({ ...told, code: 'ok', n: told.n + 2 })
    expect((await once(child, 'close'))[0]).toBe(0)
  })

  it("says 'corrupt' of a file that is not a ledger, and the process lives on", async () => {
    const good = await lmdb.open({ url: root, namespace: 'good' })
    const [claim] = await good.claim([anEvent('a')], 1_000)
    const fence = claim!.state === 'new' ? claim!.fence : 0
    const value = Buffer.alloc(900_000)
    const writes = [{ op: 'put', name: 'a', value } as const]
    await good.settle([{ event: anEvent('a'), fence, result: 'applied', writes }])
    await good.close()
    const whole = readFileSync(join(root, 'good', 'ledger.mdb'))
    const random = seeded(3)
    const damaged = {
      text: Buffer.from('this is no database\n'.repeat(1_000)),
      zeros: Buffer.alloc(65_536),
      noise: Buffer.from(Array.from({ length: 65_536 }, () => random() * 256)),
      short: whole.subarray(0, 100),
      'cut-off': whole.subarray(0, 8_192),
      'other-version': Buffer.concat([whole.subarray(0, 28), Buffer.from([9]), whole.subarray(29)]),
    }
    for (const [namespace, bytes] of Object.entries(damaged)) {
      mkdirSync(join(root, namespace))
      writeFileSync(join(root, namespace, 'ledger.mdb'), bytes)
      const opening = lmdb.open({ url: root, namespace })
      await expect(opening, namespace).rejects.toMatchObject({ code: 'corrupt' })
      await expect(opening, namespace).rejects.toThrow('choose another folder')
    }
    truncateSync(join(root, 'text', 'ledger.mdb'))
    await (await lmdb.open({ url: root, namespace: 'text' })).close()
  })

  it('counts nothing as lost by a clean close, by a record that is not whole, or by one that is old', async () => {
    const clock = new VirtualClock()
    const open = () => lmdb.open({ url: root, namespace: 'in-hand', clock, ttlMs: 20_000 })
    const record = join(root, 'in-hand', 'in-hand')
    const claimed = async () => {
      const ledger = await open()
      const [claim] = await ledger.claim([anEvent('a')], 1_000)
      const inHand = readFileSync(record)
      await ledger.close()
      return { lostTries: claim?.state === 'new' ? claim.lostTries : undefined, inHand }
    }
    const { inHand } = await claimed()
    expect((await claimed()).lostTries).toBe(0)
    writeFileSync(record, inHand.subarray(0, -1))
    expect((await claimed()).lostTries).toBe(0)
    writeFileSync(record, '')
    expect((await claimed()).lostTries).toBe(0)
    writeFileSync(record, inHand)
    expect((await claimed()).lostTries).toBe(1)
    expect((await claimed()).lostTries).toBe(1)
    await clock.advance(10_000)
    writeFileSync(record, inHand)
    expect((await claimed()).lostTries).toBe(1)
  })

  it('refuses a namespace that leads out of its folder, and a second process', async () => {
    await expect(lmdb.open({ url: root, namespace: '../x' })).rejects.toMatchObject({ code: 'misuse' })
    const open = () => lmdb.open({ url: root, namespace: 'alone' })
    const ledger = await open()
    await expect(open()).rejects.toThrow('in use by process')
    await ledger.close()
    await (await open()).close()
  })
})
