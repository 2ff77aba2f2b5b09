import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { encode } from '../../src/core/base/codec.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { anEvent } from '../events.ts'
import { change, drain, groupsOf, LIMIT, logFolders, pendingIn, SEGMENT_BYTES, segmentsIn } from './embedded-logs.ts'

/** A log on a disk that lost or changed bytes is read as a whole, or refused with the cause. It never yields other events. */

const logs = logFolders()
afterAll(logs.remove)

const SMALL = 8 * 1024
const BODY_BYTES = 1_300
/** A prime number, so that every place within a head has its turn. */
const BYTES_STEP = 29
const CUTS_STEP = 211
/** The page size of the file system, and the sector size of a disk. */
const SECTORS = [512, 4_096]

/** Eight acknowledged events in two segments, as a clean end or a kill leaves them. */
async function eight(ended: 'closed' | 'killed') {
  const folder = logs.fresh()
  const queue = new EmbeddedQueue(folder, { clock: logs.clock, segmentBytes: SMALL })
  const events = Array.from({ length: 8 }, (_, n) =>
    anEvent(`e${n}`, { key: `k${n % 3}`, body: Buffer.alloc(BODY_BYTES, `body ${n} `) }),
  )
  for (const event of events) await queue.publish([event], LIMIT)
  const copy = logs.snapshot(folder)
  await queue.close()
  const it = ended === 'closed' ? folder : copy
  return { folder: it, events, files: [...segmentsIn(it), 'bounds'] }
}

function flipped(bytes: Buffer, at: number, bits: number): Buffer {
  bytes.writeUInt8(bytes[at]! ^ bits, at)
  return bytes
}

/** 'whole', the first words of a refusal, or the number of silently lost events, or 'ALTERED'. */
function outcome(folder: string, events: readonly WebhookEvent[]): string {
  let found: string[]
  try {
    found = pendingIn(folder, SMALL).map((event) => encode(event).toString('hex'))
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return code === 'corrupt' || code === 'misuse' ? `refused: ${message}` : `${code}: ${message}`
  }
  const wanted = events.map((event) => encode(event).toString('hex'))
  if (found.length === wanted.length && found.every((one, at) => one === wanted[at])) return 'whole'
  return found.every((one) => wanted.includes(one)) ? `LOST ${wanted.length - found.length}` : 'ALTERED'
}

describe.each(['closed', 'killed'] as const)('a log whose process was %s', (ended) => {
  it('is whole or refused, after any changed byte, any cut and any lost sector', async () => {
    const { folder, events, files } = await eight(ended)
    expect(files).toHaveLength(3)
    const wrong = new Map<string, string>()
    const note = (where: string) => {
      const what = outcome(folder, events)
      if (what !== 'whole' && !what.startsWith('refused')) wrong.set(what, where)
    }
    for (const name of files) {
      const path = join(folder, name)
      const whole = readFileSync(path)
      const damaged = (where: string, how: (bytes: Buffer) => Buffer) => {
        writeFileSync(path, how(Buffer.from(whole)))
        note(`${name}: ${where}`)
      }
      for (let at = 0; at < whole.length; at += BYTES_STEP) {
        damaged(`byte ${at} changed`, (bytes) => flipped(bytes, at, at % 4 < 2 ? 0xff : 1))
      }
      for (let at = 0; at < whole.length; at += CUTS_STEP) {
        damaged(`cut at ${at}`, (bytes) => bytes.subarray(0, at))
        damaged(`zeros from ${at} on`, (bytes) => bytes.fill(0, at))
      }
      for (const sector of SECTORS) {
        for (let at = 0; at < whole.length; at += sector) {
          damaged(`sector of ${sector} at ${at} lost`, (bytes) => bytes.fill(0, at, at + sector))
        }
      }
      writeFileSync(path, whole)
    }
    expect(Object.fromEntries(wrong)).toEqual({})
    expect(outcome(folder, events)).toBe('whole')
  })

  it('names each kind of damage', async () => {
    const { folder, events, files } = await eight(ended)
    const [oldest, newest] = files as [string, string]
    const changed = (how: (copy: string) => void): string => {
      const copy = logs.fresh()
      cpSync(folder, copy, { recursive: true })
      how(copy)
      return outcome(copy, events).replaceAll(copy, '')
    }
    const edit = (name: string, how: (bytes: Buffer) => void) => changed((copy) => change(join(copy, name), how))
    const olderCopy = (name: string) => edit(name, (bytes) => void bytes.fill(0, groupsOf(bytes)[1]))
    const found = {
      oldestGone: changed((copy) => rmSync(join(copy, oldest))),
      newestGone: changed((copy) => rmSync(join(copy, newest))),
      boundsGone: changed((copy) => rmSync(join(copy, 'bounds'))),
      newestOld: olderCopy(newest),
      oldestOld: olderCopy(oldest),
      sector: edit(oldest, (bytes) => void bytes.fill(0, 512, 1_024)),
      head: edit(newest, (bytes) => void bytes.fill(0, 0, 512)),
      boundsLost: edit('bounds', (bytes) => void bytes.fill(0)),
      longer: changed((copy) =>
        writeFileSync(join(copy, oldest), Buffer.concat([readFileSync(join(copy, oldest)), Buffer.alloc(100)])),
      ),
      swapped: changed((copy) => {
        renameSync(join(copy, oldest), join(copy, 'x'))
        renameSync(join(copy, newest), join(copy, oldest))
        renameSync(join(copy, 'x'), join(copy, newest))
      }),
      later: changed((copy) => {
        for (const name of files)
          change(join(copy, name), (bytes) => {
            for (const at of name === 'bounds' ? [0, 4_096, 8_192] : [0]) bytes.write('4', at + 7, 'latin1')
          })
      }),
    }
    const last = Number.parseInt(newest, 16)
    expect(found).toMatchObject({
      oldestGone: expect.stringContaining(
        `/${oldest} is missing, the oldest file of the log. Nothing was changed. Keep a copy`,
      ),
      newestGone: expect.stringContaining(`/${newest} is missing, the newest file of the log`),
      boundsGone: expect.stringContaining('/bounds is missing'),
      newestOld: expect.stringContaining(
        `/${newest} ends before group ${last + 1}, and groups up to 8 were acknowledged: it is an older copy, or its end was lost.`,
      ),
      oldestOld: expect.stringContaining(
        `groups up to ${last - 1} were acknowledged: it is an older copy, or its end was lost, or a file between it and ${newest} is missing`,
      ),
      sector: expect.stringContaining(
        `/${oldest} is damaged at byte 32: acknowledged group 1 is not there, later ones are`,
      ),
      head: expect.stringContaining(`/${newest} is damaged in its first 32 bytes`),
      boundsLost: expect.stringContaining('/bounds is damaged'),
      longer: expect.stringContaining(`/${oldest} has 8292 bytes, and was made with 8192`),
      swapped: expect.stringContaining('refused'),
      later: expect.stringContaining(
        '/bounds has format 004 of the log, and this version of floodmark reads 002 and 003. It is not damaged, and nothing was changed: start the version that wrote it',
      ),
    })
  })
})

describe('an event that is read back', () => {
  it.each([
    ['its body', 'amount":1003', 9],
    ['its head', 'test:e3', -20],
  ])(
    'is not delivered when the disk has changed %s: it is reported once, and only its key waits',
    async (_, text, at) => {
      const folder = logs.fresh()
      const first = logs.open(folder)
      const made = Array.from({ length: 20 }, (_, n) =>
        anEvent(`e${n}`, { key: `k${n}`, body: Buffer.from(`{"amount":${1_000 + n}}`) }),
      )
      await first.publish(made, LIMIT)
      await first.close()
      const queue = logs.open(folder)
      const path = join(folder, segmentsIn(folder)[0]!)
      change(path, (bytes) => void bytes.writeUInt8(0x39, bytes.indexOf(text) + at))
      const errors: unknown[] = []
      const delivered: string[] = []
      const stop = new AbortController()
      const options = { batchEventsMax: 256, handlersMax: 2, leaseMs: 60_000, signal: stop.signal }
      const consuming = queue.consume(
        async (batch) => {
          for (const { event } of batch) delivered.push(`${event.id} ${Buffer.from(event.body)}`)
          return batch.map(() => 'ack')
        },
        { ...options, onError: (error) => errors.push(error) },
      )
      await logs.clock.advance(60_000)
      stop.abort()
      await consuming
      const wanted = made
        .map(({ id, body }) => `${id} ${Buffer.from(body)}`)
        .filter((one) => !one.startsWith('test:e3 '))
      expect(delivered.sort()).toEqual(wanted.sort())
      expect(errors.map((error) => (error as Error).message.replace(folder, ''))).toEqual([
        expect.stringMatching(
          /^\/0{13}1\.segment: the event at byte \d+ is not what was acknowledged: the disk changed it/,
        ),
      ])
      expect((await queue.depth()).waiting).toBe(1)
      await queue.close()
    },
  )

  it('is checked likewise where memory had no room for it', async () => {
    const folder = logs.fresh()
    const queue = new EmbeddedQueue(folder, { clock: logs.clock, memoryBytesMax: 32 * 2 ** 20 })
    const made = Array.from({ length: 10 }, (_, n) =>
      anEvent(`e${n}`, { key: `k${n}`, body: Buffer.alloc(2 ** 20, n) }),
    )
    for (const event of made) await queue.publish([event], LIMIT)
    change(join(folder, segmentsIn(folder)[0]!), (bytes) => void bytes.write('x', bytes.indexOf(made[9]!.body)))
    const errors: unknown[] = []
    const delivered: string[] = []
    const stop = new AbortController()
    const options = { batchEventsMax: 256, handlersMax: 2, leaseMs: 60_000, signal: stop.signal }
    const consuming = queue.consume(
      async (batch) => {
        for (const { event } of batch) delivered.push(event.id)
        return batch.map(() => 'ack')
      },
      { ...options, onError: (error) => errors.push(error) },
    )
    await logs.clock.advance(60_000)
    stop.abort()
    await consuming
    expect(delivered.sort()).toEqual(made.slice(0, 9).map(({ id }) => id))
    expect(errors).toEqual([expect.objectContaining({ code: 'corrupt' })])
    await queue.close()
  })
})

describe('a log', () => {
  it('ignores files with other names, such as copies made by hand', async () => {
    const { folder, events, files } = await eight('closed')
    copyFileSync(join(folder, files[0]!), join(folder, files[0]!.replace('.segment', ' (copy).segment')))
    expect(outcome(folder, events)).toBe('whole')
  })

  it('goes on with a process that makes segments of another size', async () => {
    const { folder, events } = await eight('closed')
    const queue = logs.open(folder)
    await queue.publish([anEvent('later')], LIMIT)
    expect((await queue.depth()).waiting).toBe(9)
    await queue.close()
    expect(outcome(folder, [...events, anEvent('later')])).toBe('whole')
    const again = logs.open(folder)
    expect(await drain(again, logs.clock)).toHaveLength(9)
    await again.publish([anEvent('last')], LIMIT)
    await again.close()
    for (const name of segmentsIn(folder)) expect(readFileSync(join(folder, name))).toHaveLength(SEGMENT_BYTES)
  })

  it('reads format 002, which had neither bounds nor sizes in its heads', async () => {
    const { folder, events } = await eight('closed')
    rmSync(join(folder, 'bounds'))
    for (const name of segmentsIn(folder)) {
      change(join(folder, name), (bytes) => {
        bytes.write('2', 7, 'latin1')
        bytes.writeUInt32LE(0, 16)
        bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
      })
    }
    expect(outcome(folder, events)).toBe('whole')
    const queue = new EmbeddedQueue(folder, { clock: logs.clock, segmentBytes: SMALL })
    await queue.publish([anEvent('later')], LIMIT)
    await queue.close()
    expect(outcome(folder, [...events, anEvent('later')])).toBe('whole')
  })

  it('gives back a settled file that a killed process had no time to give back', async () => {
    const { folder, files } = await eight('closed')
    const old = readFileSync(join(folder, files[0]!))
    const queue = new EmbeddedQueue(folder, { clock: logs.clock, segmentBytes: SMALL })
    await drain(queue, logs.clock)
    await queue.publish([anEvent('later')], LIMIT)
    await queue.close()
    expect(existsSync(join(folder, files[0]!))).toBe(false)
    writeFileSync(join(folder, files[0]!), old)
    expect(pendingIn(folder, SMALL).map(({ id }) => id)).toEqual(['test:later'])
    await new EmbeddedQueue(folder, { clock: logs.clock, segmentBytes: SMALL }).close()
    expect(readdirSync(folder)).not.toContain(files[0])
  })

  it('writes and acknowledges nothing more once another process claims its folder', async () => {
    const folder = logs.fresh()
    const queue = logs.open(folder)
    await queue.publish([anEvent('e1')], LIMIT)
    const before = readFileSync(join(folder, segmentsIn(folder)[0]!))
    rmSync(join(folder, 'holder'))
    writeFileSync(join(folder, 'holder'), '{"pid":7,"host":"web-2"}')
    await expect(queue.publish([anEvent('e2')], LIMIT)).rejects.toThrow('process 7 on web-2 has taken')
    await expect(queue.depth()).rejects.toThrow('has taken')
    await queue.close()
    expect(readFileSync(join(folder, segmentsIn(folder)[0]!)).equals(before)).toBe(true)
    expect(readFileSync(join(folder, 'holder'), 'utf8')).toContain('web-2')
  })
})
