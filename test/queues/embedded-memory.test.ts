import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { anEvent } from '../events.ts'
import { giveWay } from '../give-way.ts'
import { change, drain, LIMIT, logFolders, segmentsIn } from './embedded-logs.ts'

/** What waits may be far more than fits in memory: the rest is read from the log when its turn comes. */

giveWay()
const root = mkdtempSync(join(tmpdir(), 'floodmark-memory-'))
const logs = logFolders()
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  logs.remove()
})

const PROGRAM = new URL('./embedded-backlog.ts', import.meta.url).pathname

interface Said {
  readonly signal: string | null
  readonly waiting: number
  readonly acked: number
}

/** Plays a life of a queue, each process of it with so much heap. Returns what they said, and how often each event was acked. */
async function life(heapMiB: number, count: number) {
  const folder = join(root, `${heapMiB}-${count}`)
  const step = async (mode: string, argument = 0) => {
    const args = [`--max-old-space-size=${heapMiB}`, PROGRAM, mode, folder, String(argument)]
    // Not spawnSync: a thread that stands still for as long as this may take would be ended.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 1_200_000 })
    const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')])
    return { signal: child.signalCode, ...(stdout.startsWith('{') ? (JSON.parse(stdout) as Said) : {}) } as Said
  }
  writeFileSync(`${folder}.acked`, '')
  const said = [await step('fill', count), await step('die'), await step('part', count / 4), await step('drain')]
  const bytes = readFileSync(`${folder}.acked`)
  const acks = new Uint8Array(count)
  for (let at = 0; at < bytes.length; at += 4) acks[bytes.readUInt32LE(at)]!++
  rmSync(folder, { recursive: true })
  return { said, ackedOnce: acks.reduce((sum, times) => sum + Number(times === 1), 0) }
}

describe('a queue with more events than its heap can hold', () => {
  const lives = (heapMiB: number, count: number) => async () => {
    const { said, ackedOnce } = await life(heapMiB, count)
    const [filled, died, part, drained] = said
    const orderly = { signal: null, doubles: 0, disordered: 0 }
    expect(filled).toEqual({ signal: 'SIGKILL', waiting: count })
    expect(died!.signal).toBe('SIGABRT')
    const left = count - part!.acked
    expect(part).toMatchObject({ ...orderly, waiting: count, after: left })
    expect(drained).toMatchObject({ ...orderly, waiting: left, acked: left, after: 0 })
    expect(ackedOnce).toBe(count)
  }
  const title = 'takes them, comes up after it died of heap, and delivers each once, in order'
  it(`${title}: 300,000 in 64 MiB`, { timeout: 900_000 }, lives(64, 300_000))
  it(`${title}: 5 million in 96 MiB`, { timeout: 2_400_000, tags: 'full' }, lives(96, 5_000_000))
})

describe('events that wait on disk only', () => {
  const events = (from: number, count: number): WebhookEvent[] =>
    Array.from({ length: count }, (_, at) => anEvent(String(from + at), { key: `k${(from + at) % 7}` }))

  it('follow those in memory, of which some are still being published', async () => {
    const queue = logs.open(logs.fresh(), 10_000)
    const seen: string[] = []
    for (let from = 0; from < 2_000; from += 50) {
      await Promise.all([queue.publish(events(from, 20), LIMIT), queue.publish(events(from + 20, 30), LIMIT)])
      if (from % 300 === 0) seen.push(...(await drain(queue, logs.clock)).map(({ id }) => id))
    }
    seen.push(...(await drain(queue, logs.clock)).map(({ id }) => id))
    const byKey = (ids: readonly string[]) => Map.groupBy(ids, (id) => Number(id.slice(5)) % 7)
    expect(byKey(seen)).toEqual(byKey(events(0, 2_000).map(({ id }) => id)))
    expect((await queue.depth()).waiting).toBe(0)
    await queue.close()
  })

  it('are said to be unreadable when the disk has changed them: nothing behind is delivered, or taken', async () => {
    const folder = logs.fresh()
    const queue = logs.open(folder, 5_000)
    for (let n = 0; n < 40; n++) await queue.publish(events(n, 1), LIMIT)
    change(join(folder, segmentsIn(folder)[0]!), (bytes) => void bytes.writeUInt8(0x39, bytes.indexOf('"id":"30"') + 6))
    const delivered = await drain(queue, logs.clock)
    expect(delivered.map(({ id }) => Number(id.slice(5))).every((n) => n < 30)).toBe(true)
    expect(delivered.length).toBeGreaterThan(10)
    const why = /segment cannot be read on at byte \d+: the acknowledged group 31 is not there. Later events wait/
    await expect(queue.depth()).rejects.toThrow(why)
    await expect(queue.probe()).rejects.toThrow(why)
    await expect(queue.publish(events(40, 1), LIMIT)).rejects.toMatchObject({ code: 'unavailable', definite: true })
    await queue.close()
    expect(() => logs.open(folder)).toThrow('acknowledged group 31 is not there')
  })
})

it('writes every ack when it is closed, however many there are', async () => {
  const folder = logs.fresh()
  const queue = new EmbeddedQueue(folder, { clock: logs.clock })
  const count = 70_000
  const all = Array.from({ length: count }, (_, n) => anEvent(String(n), { body: Buffer.alloc(1) }))
  for (let at = 0; at < count; at += 1_000) await queue.publish(all.slice(at, at + 1_000), LIMIT)
  expect(await drain(queue, logs.clock)).toHaveLength(count)
  await queue.close()
  const again = logs.open(folder)
  expect((await again.depth()).waiting).toBe(0)
  await again.close()
})
