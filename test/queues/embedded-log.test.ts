import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { GROUP_HEAD_BYTES, newSalt, sealGroup, segmentHead } from '../../queues/embedded/format.ts'
import { encode } from '../../src/core/base/codec.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'
import { anEvent } from '../events.ts'
import {
  change,
  drain,
  groupsOf,
  LIMIT,
  logFolders,
  pendingIn,
  promiseLess,
  SEGMENT_BYTES,
  segmentsIn,
} from './embedded-logs.ts'

const logs = logFolders()
afterAll(logs.remove)

const sized = (id: number, bytes: number) => anEvent(String(id), { key: `k${id}`, body: Buffer.alloc(bytes, 7) })

const flip = (bytes: Buffer, at: number) => bytes.writeUInt8(bytes[at]! ^ 0x55, at)

/** A log of `count` events, one group each, as a dying process leaves it, and the offsets of its groups. */
async function written(count: number) {
  const folder = logs.fresh()
  const queue = logs.open(folder)
  for (let n = 0; n < count; n++) await queue.publish([sized(n, 100)], LIMIT)
  const copy = logs.snapshot(folder)
  await queue.close()
  const path = join(copy, segmentsIn(copy)[0]!)
  return { copy, path, groups: groupsOf(readFileSync(path)) }
}

describe("the embedded queue's log", () => {
  it('drops a tail that is torn at any byte, and keeps everything before it', async () => {
    const { copy, path, groups } = await written(20)
    const [lastAt, end] = groups.slice(-2) as [number, number]
    promiseLess(copy, 19)
    for (let at = lastAt; at < end; at += 3) {
      change(path, (bytes) => flip(bytes, at))
      expect(pendingIn(copy)).toHaveLength(19)
      change(path, (bytes) => flip(bytes, at))
    }
  })

  it("says 'corrupt' when a group is damaged and a later one says that it was on disk", async () => {
    const { copy, path, groups } = await written(20)
    change(path, (bytes) => flip(bytes, groups[18]! + 60))
    promiseLess(copy, 0)
    expect(() => pendingIn(copy)).toThrow('acknowledged group 19 is not there, later ones are')
  })

  it("says 'corrupt' when the last group is damaged after it was acknowledged", async () => {
    const { copy, path, groups } = await written(20)
    change(path, (bytes) => flip(bytes, groups[19]! + 60))
    expect(() => pendingIn(copy)).toThrow('ends before group 20, and groups up to 20 were acknowledged')
  })

  it('takes a body that imitates a group for a body', async () => {
    const forged = Buffer.alloc(GROUP_HEAD_BYTES + 300)
    const event = encode(sized(666, 100))
    forged.writeUInt32LE(event.length, GROUP_HEAD_BYTES)
    event.copy(forged, GROUP_HEAD_BYTES + 4)
    const head = { number: 5, durable: 4, firstEvent: 1, acks: 0, events: 1, payloadBytes: 300 }
    sealGroup(forged, head, newSalt())
    const folder = logs.fresh()
    const queue = logs.open(folder)
    await queue.publish([sized(1, 10)], LIMIT)
    await queue.publish(
      [anEvent('2', { body: Buffer.concat([segmentHead(newSalt(), SEGMENT_BYTES), forged, forged]) })],
      LIMIT,
    )
    const copy = logs.snapshot(folder)
    await queue.close()
    change(join(copy, segmentsIn(copy)[0]!), (bytes) => flip(bytes, groupsOf(bytes).at(-2)! + 9))
    promiseLess(copy, 1)
    expect(pendingIn(copy).map(({ id }) => id)).toEqual(['test:1'])
  })

  it('uses its files again, and takes none of their old content for new', async () => {
    const folder = logs.fresh()
    const queue = logs.open(folder)
    for (let n = 0; n < 60; n++) {
      await queue.publish([sized(n, 4_000)], LIMIT)
      if (n % 5 === 4) expect(await drain(queue, logs.clock)).toHaveLength(5)
      expect(segmentsIn(folder).length).toBeLessThanOrEqual(4)
    }
    await queue.publish([sized(60, 10)], LIMIT)
    const copy = logs.snapshot(folder)
    await queue.close()
    expect(pendingIn(copy).map(({ id }) => id)).toEqual(['test:60'])
  })

  it('refuses for certain while no file can be made, and goes on when one can be made', async () => {
    const folder = logs.fresh()
    const queue = logs.open(folder)
    await queue.publish([sized(1, 6_000)], LIMIT)
    await sleep(systemClock, 50)
    const inTheWay = Array.from({ length: 50 }, (_, n) => join(folder, `${n}.spare`)).filter(
      (path) => !existsSync(path),
    )
    for (const path of inTheWay) mkdirSync(path)
    const outcomes = await published(queue, 8)
    expect(outcomes).toContain('stored')
    expect(outcomes).toContain('unavailable true')
    for (const path of inTheWay) rmSync(path, { recursive: true })
    await logs.clock.advance(1_000)
    expect(await published(queue, 2)).toEqual(['stored', 'stored'])
    const stored = 1 + 2 + outcomes.filter((one) => one === 'stored').length
    expect(await queue.depth()).toMatchObject({ waiting: stored })
    const copy = logs.snapshot(folder)
    await queue.close()
    expect(pendingIn(copy)).toHaveLength(stored)
  })
})

async function published(queue: Queue, count: number): Promise<string[]> {
  const outcomes: string[] = []
  for (let n = 0; n < count; n++) {
    const storing = queue.publish([sized(100 + n, SEGMENT_BYTES / 3)], LIMIT)
    outcomes.push(
      await storing.then(
        () => 'stored',
        (error) => `${error.code} ${error.definite}`,
      ),
    )
  }
  return outcomes
}
