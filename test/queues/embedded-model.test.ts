import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type Bounds, readBounds } from '../../queues/embedded/bounds.ts'
import { SEGMENT_HEAD_BYTES } from '../../queues/embedded/format.ts'
import type { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import memory from '../../queues/memory.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'
import { anEvent } from '../events.ts'
import { change, deliver, drain, LIMIT, logFolders, promiseLess, segmentsIn } from './embedded-logs.ts'

/** After any sequence of publishes, acks, restarts, kills and torn tails the log must hold the memory queue's events. */

const logs = logFolders()
afterAll(logs.remove, 60_000)

interface Spec {
  readonly queue: Queue
  readonly clock: VirtualClock
  published: number
}
interface Real {
  queue: EmbeddedQueue
  folder: string
  /** undefined: everything that waits is in memory. */
  readonly memoryBytesMax: number | undefined
}
type Command = fc.AsyncCommand<Spec, Real>

const eventOf = (number: number, key: number, bytes: number) =>
  anEvent(String(number), { key: `k${key}`, body: Buffer.alloc(bytes, number) })
const ids = (events: readonly WebhookEvent[]) => {
  const byKey = Object.groupBy(events, ({ key }) => key)
  return Object.fromEntries(
    Object.entries(byKey).map(([key, own]) => [key, own!.map(({ id, body }) => `${id} ${body.length}`)]),
  )
}

async function publish(spec: Spec, real: Real, events: readonly { key: number; bytes: number }[]): Promise<void> {
  const made = events.map(({ key, bytes }) => eventOf(spec.published++, key, bytes))
  await Promise.all([spec.queue.publish(made, LIMIT), real.queue.publish(made, LIMIT)])
}

/** Acks go to disk with the next group at the latest. This brings every ack so far to disk. */
const flushAcks = (spec: Spec, real: Real) => publish(spec, real, [{ key: 0, bytes: 1 }])

async function goOnFrom(real: Real, folder: string): Promise<void> {
  await real.queue.close()
  real.folder = folder
  real.queue = logs.open(folder, real.memoryBytesMax)
}

const command = (name: string, run: (spec: Spec, real: Real) => Promise<void>): Command => ({
  check: () => true,
  async run(spec, real) {
    await run(spec, real)
    expect((await real.queue.depth()).waiting).toBe((await spec.queue.depth()).waiting)
  },
  toString: () => name,
})

const someEvents = fc.array(fc.record({ key: fc.nat(3), bytes: fc.nat(2_500) }), { minLength: 1, maxLength: 3 })
const commands = [
  someEvents.map((events) => command(`publish ${JSON.stringify(events)}`, (spec, real) => publish(spec, real, events))),
  fc.tuple(fc.nat(3), fc.nat(8)).map(([key, count]) =>
    command(`ack ${count} of k${key}`, async (spec, real) => {
      const upTo = (most: number) => {
        let left = most
        return (of: string) => of === `k${key}` && left-- > 0
      }
      const reals = await deliver(real.queue, logs.clock, upTo(count))
      // Fewer where other keys' events fill the memory.
      const specs = await deliver(spec.queue, spec.clock, upTo(real.memoryBytesMax ? reals.length : count))
      expect(ids(reals)).toEqual(ids(specs))
    }),
  ),
  fc.constant(
    command('ack all', async (spec, real) => {
      expect(ids(await drain(real.queue, logs.clock))).toEqual(ids(await drain(spec.queue, spec.clock)))
    }),
  ),
  fc.constant(command('restart', (_, real) => goOnFrom(real, real.folder))),
  fc.constant(
    command('kill', async (spec, real) => {
      await flushAcks(spec, real)
      await goOnFrom(real, logs.snapshot(real.folder))
    }),
  ),
  fc.tuple(someEvents, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()).map(([events, share, scrambled]) =>
    command(`torn at ${share} ${scrambled}`, async (spec, real) => {
      await flushAcks(spec, real)
      const before = logs.snapshot(real.folder)
      const lost = events.map(({ key, bytes }, at) => eventOf(1_000_000 + at, key, bytes))
      await real.queue.publish(lost, LIMIT)
      const after = logs.snapshot(real.folder)
      tear(before, after, share, scrambled)
      promiseLess(after, (readBounds(before) as Bounds).durable)
      await goOnFrom(real, after)
    }),
  ),
]

/** Cuts off the end of the last write, from a byte within it on. */
function tear(before: string, after: string, share: number, scrambled: boolean): void {
  const name = segmentsIn(after).at(-1)!
  const old = existsSync(join(before, name)) ? readFileSync(join(before, name)) : undefined
  change(join(after, name), (bytes) => {
    const was = (at: number) => old?.[at] ?? (at < SEGMENT_HEAD_BYTES ? bytes[at]! : 0)
    const changed = [...bytes.keys()].filter((at) => bytes[at] !== was(at))
    const cut = changed[Math.min(changed.length - 1, Math.floor(share * changed.length))]!
    for (const at of changed) if (at >= cut) bytes[at] = scrambled && at > cut ? bytes[at]! : was(at)
  })
}

describe('the embedded queue', () => {
  it.each([
    ['all', undefined],
    ['a few', 3_000],
    ['one', 1],
  ])(
    'holds the same events as the memory queue, through restarts, kills and torn tails, with %s of them in memory',
    async (_, memoryBytesMax) => {
      const sequences = fc.commands(commands, { maxCommands: 25, size: 'max' })
      const property = fc.asyncProperty(sequences, async (sequence) => {
        const clock = new VirtualClock()
        const folder = logs.fresh()
        const real: Real = { queue: logs.open(folder, memoryBytesMax), folder, memoryBytesMax }
        const spec: Spec = { queue: await memory.open({ url: '', namespace: 'spec', clock }), clock, published: 0 }
        try {
          await fc.asyncModelRun(() => ({ model: spec, real }), sequence)
          expect(ids(await drain(real.queue, logs.clock))).toEqual(ids(await drain(spec.queue, clock)))
        } finally {
          await real.queue.close()
        }
      })
      await fc.assert(property, { numRuns: memoryBytesMax === undefined ? 60 : 30 })
    },
  )
})
