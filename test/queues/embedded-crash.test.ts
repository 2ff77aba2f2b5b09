import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { unseal } from '../../queues/embedded/record.ts'
import { recover } from '../../queues/embedded/recovery.ts'
import embedded from '../../queues/embedded.ts'
import { decode } from '../../src/core/codec.ts'
import { seeded } from '../../src/core/random.ts'
import { anEvent } from '../events.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const program = new URL('./embedded-publisher.ts', import.meta.url).pathname

/** Lets the publisher run and kills it; returns the numbers that it was told are safe. */
function killed(url: string, first: number, afterMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, url, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data) => {
      if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
      text += data
    })
    child.on('close', () =>
      resolve(
        text
          .slice(0, text.lastIndexOf('\n') + 1)
          .split('\n')
          .filter(Boolean)
          .map(Number),
      ),
    )
  })
}

describe('the embedded queue', () => {
  it('holds every acknowledged event, once and in order, after SIGKILL at random moments', async () => {
    const random = seeded(7)
    const acknowledged = new Set<number>()
    for (let round = 0; round < 8; round++) {
      for (const number of await killed(root, round * 1_000_000, random() * 120)) acknowledged.add(number)
      const { pending } = recover(join(root, 'crash'))
      const found = [...pending.values()].map(({ payload }) => Number(decode(payload).id.split(':')[1]))
      expect(new Set(found).size).toBe(found.length)
      expect(acknowledged.difference(new Set(found)).size).toBe(0)
      for (const key of [0, 1, 2, 3, 4]) {
        const ofKey = found.filter((number) => number % 5 === key)
        expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b))
      }
    }
    expect(acknowledged.size).toBeGreaterThan(100)
  }, 60_000)

  it('drops a torn tail at whatever byte it was torn, and keeps all before it', async () => {
    const { folder, path, bytes, lastAt } = await written(20)
    for (let at = lastAt; at < lastAt + 80; at += 3) {
      const torn = Buffer.from(bytes)
      torn[at]! ^= 0x55
      writeFileSync(path, torn)
      expect(recover(folder).pending.size).toBe(19)
    }
  })

  it("says 'corrupt' when an acknowledged event in the middle is damaged", async () => {
    const { folder, path, bytes } = await written(20)
    bytes[60]! ^= 0x55
    writeFileSync(path, bytes)
    expect(() => recover(folder)).toThrow('missing or damaged')
  })

  it('takes no namespace that leads out of its folder', async () => {
    await expect(embedded.drop({ url: root, namespace: '../x' })).rejects.toMatchObject({ code: 'misuse' })
  })

  it('is for one process alone', async () => {
    const open = () => embedded.open({ url: root, namespace: 'alone' })
    const queue = await open()
    await expect(open()).rejects.toThrow('in use by process')
    await queue.close()
    await (await open()).close()
  })
})

/** A log with `count` events, one commit each, and where its last record begins. */
async function written(count: number) {
  const namespace = `torn${Math.random().toString(36).slice(2, 8)}`
  const queue = await embedded.open({ url: root, namespace })
  for (let n = 0; n < count; n++) await queue.publish([anEvent(String(n))], { deadlineMs: 5_000 })
  await queue.close()
  const folder = join(root, namespace)
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.segment'))!)
  const bytes = readFileSync(path)
  let lastAt = 0
  for (let head = unseal(bytes, 0), at = 0; head; head = unseal(bytes, at)) {
    lastAt = at
    at += 40 + head.payloadBytes
  }
  return { folder, path, bytes, lastAt }
}
