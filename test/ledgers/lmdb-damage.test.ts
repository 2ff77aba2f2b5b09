import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterAll, describe, expect, it } from 'vitest'
import lmdb from '../../ledgers/lmdb.ts'
import type { Ledger, Write } from '../../src/core/contracts/ledger.ts'
import { anEvent } from '../events.ts'
import { needing } from '../needs.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-lmdb-damage-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A closed ledger in which e1 is applied, e2 has failed once and e3 is a dead letter. */
async function written(namespace: string): Promise<string> {
  const ledger = await lmdb.open({ url: root, namespace })
  const events = ['e1', 'e2', 'e3'].map((id) => anEvent(id, { body: Buffer.from(`the body of ${id}`) }))
  const claims = await ledger.claim(events, 60_000)
  const [one, two, three] = events.map((event, at) => {
    const claim = claims[at]!
    if (claim.state !== 'new') throw new Error(claim.state)
    return { event, fence: claim.fence }
  })
  const writes: Write[] = [
    { op: 'put', name: 'order/1', value: Buffer.from('amount 1003') },
    { op: 'append', name: 'book', value: Buffer.from('entry 2004') },
  ]
  await ledger.settle([
    { ...one!, result: 'applied', writes },
    { ...two!, result: 'failed', error: 'not now' },
    { ...three!, result: 'buried', cause: 'permanent', reason: 'permanent: no such order' },
  ])
  await ledger.close()
  return join(root, namespace, 'ledger.mdb')
}

async function all(entries: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const entry of entries) found.push(entry)
  return found
}
const claimed = (id: string) => (ledger: Ledger) => ledger.claim([anEvent(id)], 1_000)

describe('the lmdb ledger on a disk that changes stored bytes', () => {
  it.each([
    ['a mark', 'test:e1', 8, claimed('e1')],
    ['a failure count', 'test:e2', 7, claimed('e2')],
    ['what tells a dead letter', 'test:e3', 7, claimed('e3')],
    ["a dead letter's reason", 'permanent: no', 3, (ledger: Ledger) => all(ledger.buried())],
    ["a dead letter's body", 'the body of e3', 3, (ledger: Ledger) => all(ledger.buried())],
    ['a value', 'amount 1003', 7, (ledger: Ledger) => ledger.read('order/1')],
    ['a value that is listed', 'amount 1003', 7, (ledger: Ledger) => all(ledger.scan('order/'))],
    ['an item', 'entry 2004', 6, (ledger: Ledger) => all(ledger.items('book'))],
  ])("says 'corrupt' of %s, whichever bit it is", async (what, text, offset, use) => {
    const path = await written(what.replaceAll(/[^a-z]+/g, '-'))
    const bytes = readFileSync(path)
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
      bytes.writeUInt8(bytes[at + offset]! ^ 0x10, at + offset)
    }
    writeFileSync(path, bytes)
    const ledger = await lmdb.open({ url: root, namespace: what.replaceAll(/[^a-z]+/g, '-') })
    await expect(use(ledger)).rejects.toMatchObject({ code: 'corrupt' })
    await expect(use(ledger)).rejects.toThrow('is not what was stored: the disk changed it')
    // Damage to the next entry is not part of this test.
    expect(await ledger.claim([anEvent('e9')], 1_000)).toMatchObject([{ state: 'new' }])
    await ledger.close()
  })

  it('refuses a ledger without checksums, says why, and changes nothing in it', async () => {
    mkdirSync(join(root, 'earlier'))
    const earlier = open({ path: join(root, 'earlier', 'ledger.mdb'), encoding: 'binary', keyEncoding: 'binary' })
    await earlier.put(Buffer.from('position'), Buffer.alloc(8))
    await earlier.close()
    const opening = lmdb.open({ url: root, namespace: 'earlier' })
    await expect(opening).rejects.toMatchObject({ code: 'misuse' })
    await expect(opening).rejects.toThrow(
      'has format 1 of the ledger, and this version of floodmark reads 2. It is not damaged',
    )
  })
})

const noLimits = process.platform === 'linux' ? undefined : 'ulimit -v is known on Linux only'

describe('the lmdb ledger', () => {
  it.each([1_500_000, 2_300_000, 4_000_000, 40_000_000])(
    'opens, or tells its need, in a process with %d KiB of address space',
    needing(noLimits),
    (limitKiB) => {
      const program = `
        const { default: lmdb } = await import('${new URL('../../ledgers/lmdb.ts', import.meta.url).href}')
        await lmdb.open({ url: '${root}', namespace: 'limit' }).then(
          (ledger) => ledger.close().then(() => console.log('opened')),
          (error) => console.log(error.code, error.message),
        )`
      const args = ['-c', `ulimit -v ${limitKiB} && exec "$0" --input-type=module -e "$1"`, process.execPath, program]
      const { stdout, signal } = spawnSync('bash', args, { encoding: 'utf8' })
      expect(signal).toBe(null)
      expect(stdout).toMatch(/^opened$|^unavailable .* of address space \(ulimit -v\).*: raise the limit to \d+ MiB$/m)
    },
  )

  it('makes its files private to their owner, even files that were open to others', async () => {
    const path = await written('private')
    const modes = () =>
      ['', ...readdirSync(join(root, 'private'))].map((name) => statSync(join(root, 'private', name)).mode & 0o077)
    expect(modes().filter(Boolean)).toEqual([])
    spawnSync('chmod', ['-R', 'a+rX', join(root, 'private')])
    await (await lmdb.open({ url: root, namespace: 'private' })).close()
    expect(modes().filter(Boolean)).toEqual([])
    expect(statSync(path).size).toBeGreaterThan(0)
  })
})
