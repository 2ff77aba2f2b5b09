import { encode } from '../../src/core/base/codec.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Queue, QueueDriver } from '../../src/core/contracts/queue.ts'
import { orderingKey } from '../../src/runner/plan/identity.ts'
import { BODY_BYTES } from './requests.ts'

/** The input that a bare client publishes: bytes as long as a driver would store. */
export interface BareMessage {
  readonly id: string
  readonly key: string
  readonly bytes: Buffer
}

/** The client that a driver uses, called directly: same guarantee, same batches, nothing around it. */
export interface BareClient {
  /** Resolves when all of them are as safe as the driver's would be. */
  publish(messages: readonly BareMessage[]): Promise<void>
  /** Receives and acknowledges so many events, then resolves. */
  consume(count: number): Promise<void>
  /** Deletes everything that it made. */
  close(): Promise<void>
}

/** The default export of every file in bench/queues/. */
export interface QueueBench {
  readonly server: string
  readonly driver: QueueDriver
  /** What the server's own load tool publishes; null where it is not installed. Absent: it has none that we could run. */
  readonly ownTool?: {
    readonly name: string
    publish(url: string, eventBytes: number, count: number): Promise<Rate | null>
  }
  bare(options: { readonly url: string; readonly namespace: string }): Promise<BareClient>
}

/** One side's publishing and consuming of the same events. */
export interface QueueTurn {
  readonly published: Rate
  readonly consumed: Rate
}
export interface Rate {
  readonly eventsPerS: number
  /** CPU time of this process per 10,000 events: the client's share, without the server's. */
  readonly cpuSecondsPer10k: number
}

/** The same value as in a service. */
const PUBLISHES_AT_ONCE = 4
/** Ways for a bare client to publish, of which it may take the best: more at once than a service has, and smaller batches. */
const BARE_WAYS = { atOnce: [PUBLISHES_AT_ONCE, 16], batchEvents: [10, 256, 1_024] }
const HANDLERS = 2
const BATCH_EVENTS = 256
const KEYS = 1_000
const EVENTS_MAX = 200_000
const CONSUME_MS_MAX = 120_000
const LIMIT = { deadlineMs: 20_000 }

const events = Array.from({ length: KEYS }, (_, rank): WebhookEvent => {
  const base = { id: `bench:${rank}`, key: orderingKey(rank), source: 'bench', type: 'order.paid', headers: {} }
  return { ...base, receivedAtMs: Date.now(), body: Buffer.alloc(BODY_BYTES, `{"rank":${rank}}`) }
})
const bytes = events.map(encode)
/** As long as a driver stores an event. */
export const EVENT_BYTES = bytes[0]!.length

export async function driverTurn({ driver }: QueueBench, url: string, namespace: string, ms: number) {
  const queue = await driver.open({ url, namespace })
  try {
    const way = { atOnce: PUBLISHES_AT_ONCE, batchEvents: queue.traits.publishEventsMax }
    const make = (n: number) => ({ ...events[n % KEYS]!, id: `bench:${n}` })
    const published = await publishing(way, ms, make, (batch) => queue.publish(batch, LIMIT))
    return { published: published.rate, consumed: await consuming(published.count, (count) => consume(queue, count)) }
  } finally {
    await queue.close()
    await driver.drop({ url, namespace })
  }
}

/** So many publishes at once, of so many events each. */
export interface BareWay {
  readonly atOnce: number
  readonly batchEvents: number
}

/** Every way to publish that a server takes. `batchEventsMax`: as many as the driver puts into one publish. */
export function bareWays(batchEventsMax: number): BareWay[] {
  const sizes = new Set(BARE_WAYS.batchEvents.map((batchEvents) => Math.min(batchEvents, batchEventsMax)))
  return [...sizes].flatMap((batchEvents) => BARE_WAYS.atOnce.map((atOnce) => ({ atOnce, batchEvents })))
}

export async function bareTurn(bench: QueueBench, url: string, namespace: string, ms: number, way: BareWay) {
  const client = await bench.bare({ url, namespace })
  try {
    const make = (n: number) => ({ id: `bench:${n}`, key: events[n % KEYS]!.key, bytes: bytes[n % KEYS]! })
    const published = await publishing(way, ms, make, (batch) => client.publish(batch))
    return { published: published.rate, consumed: await consuming(published.count, (count) => client.consume(count)) }
  } finally {
    await client.close()
  }
}

/** Publishes for so long. */
async function publishing<T>(
  { atOnce, batchEvents }: BareWay,
  ms: number,
  make: (n: number) => T,
  publish: (batch: readonly T[]) => Promise<void>,
): Promise<{ count: number; rate: Rate }> {
  let count = 0
  const loop = async (endMs: number) => {
    while (performance.now() < endMs && count < EVENTS_MAX) {
      const from = count
      count += batchEvents
      await publish(Array.from({ length: batchEvents }, (_, at) => make(from + at)))
    }
  }
  const measured = measure()
  const endMs = performance.now() + ms
  await Promise.all(Array.from({ length: atOnce }, () => loop(endMs)))
  return { count, rate: measured(count) }
}

async function consuming(count: number, consume: (count: number) => Promise<void>): Promise<Rate> {
  const measured = measure()
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`${count} events were not consumed in time`)), CONSUME_MS_MAX).unref()
  })
  await Promise.race([consume(count), late])
  return measured(count)
}

async function consume(queue: Queue, count: number): Promise<void> {
  const stop = new AbortController()
  const options = { batchEventsMax: BATCH_EVENTS, handlersMax: HANDLERS, leaseMs: 30_000, signal: stop.signal }
  let acked = 0
  let settled = () => {}
  const all = new Promise<void>((resolve) => {
    settled = resolve
  })
  const consuming = queue.consume(async (batch) => {
    acked += batch.length
    if (acked >= count) settled()
    return batch.map(() => 'ack')
  }, options)
  await Promise.race([all, consuming])
  stop.abort()
  await consuming
}

function measure(): (count: number) => Rate {
  const atMs = performance.now()
  const before = process.cpuUsage()
  return (count) => {
    const { user, system } = process.cpuUsage(before)
    return {
      eventsPerS: (count * 1_000) / (performance.now() - atMs),
      cpuSecondsPer10k: ((user + system) / 1e6 / count) * 10_000,
    }
  }
}
