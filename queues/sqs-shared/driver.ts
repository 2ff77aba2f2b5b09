import { addressOf, connect } from '../../src/clients/sqs/connect.ts'
import { encodedBytes } from '../../src/core/base/codec.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Depth,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
  type QueueOpenOptions,
  type QueueTraits,
} from '../../src/core/contracts/queue.ts'
import { SqsConsumer } from './consumer.ts'
import { RETENTION_S, type SqsKind } from './kind.ts'
import { ENTRIES_MAX, eventBytesMax } from './message.ts'
import { Publisher } from './publish.ts'
import { SqsServer } from './server.ts'

type Attributes = Awaited<ReturnType<SqsServer['settings']>>['of']

/** One publish makes several calls of ten at once. Under load a batch is worth more than the ten messages of one call. */
const PUBLISH_EVENTS_MAX = 250
/** For a server that does not tell its limit: the size that every SQS has always taken. */
const MESSAGE_BYTES = 256 * 1024
/** A FIFO queue takes so many calls of each kind, unless its high throughput mode is on. */
const FIFO_CALLS_PER_S = 300
/** SQS drops a known MessageDeduplicationId for so long, as AWS documents it. The emulators that we know do likewise. */
const DEDUP_WINDOW_MS = 5 * 60_000

/** Amazon SQS. An emulator is found by its address, AWS by its own with standard credentials. */
class SqsQueue implements Queue {
  readonly traits: QueueTraits
  readonly #server: SqsServer
  readonly #clock
  readonly #publisher: Publisher
  readonly #publishing = new Set<Promise<void>>()
  #closed = false

  constructor(server: SqsServer, clock = systemClock, traits: QueueTraits) {
    this.traits = traits
    this.#server = server
    this.#clock = clock
    this.#publisher = new Publisher(server)
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    const { publishBytesMax, publishEventsMax } = this.traits
    const refuse = (code: 'too-large' | 'unavailable' | 'misuse', message: string) =>
      PublishError.all(events, code, message, { definite: true })
    if (this.#closed) throw refuse('unavailable', 'the queue is closed')
    if (events.length > publishEventsMax) throw refuse('misuse', `${events.length} events in one publish`)
    const bytes = events.reduce((sum, event) => sum + encodedBytes(event), 0)
    if (bytes > publishBytesMax) {
      throw refuse('too-large', `${bytes} bytes in one publish: as text, SQS takes at most ${publishBytesMax}`)
    }
    const late = new AbortController()
    const cancel = this.#clock.after(deadlineMs, () => late.abort())
    const publishing = this.#publisher.publish(events, late.signal).finally(() => {
      cancel()
      this.#publishing.delete(publishing)
    })
    this.#publishing.add(publishing)
    await publishing
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return new SqsConsumer(this.#server, this.#clock, handle, options).run()
  }

  /** Succeeds when the queue answers. A probe message would be delivered. */
  async probe(): Promise<void> {
    await this.depth()
  }

  async depth(): Promise<Depth> {
    const of = await this.#server.attributes([
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesDelayed',
      'ApproximateNumberOfMessagesNotVisible',
    ])
    const waiting = Number(of.ApproximateNumberOfMessages) + Number(of.ApproximateNumberOfMessagesDelayed ?? 0)
    const inFlight = Number(of.ApproximateNumberOfMessagesNotVisible)
    return { waiting, inFlight, oldestMs: undefined, exact: false }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#publishing)
    this.#server.destroy()
  }
}

/** @throws FloodmarkError 'misuse' when the queue there is not one that we could use. */
async function traitsOf(server: SqsServer): Promise<QueueTraits> {
  const { kind, address } = server
  const { of, server: product } = await server.settings()
  if ((of.FifoQueue === 'true') !== kind.fifo) {
    const what = kind.fifo ? 'is not a FIFO queue' : 'is a FIFO queue'
    throw new FloodmarkError('misuse', `${of.QueueArn} ${what}: use another name`)
  }
  const { aws, region, host } = address
  const unlike = differencesOf(of)
  return {
    name: kind.name,
    server: aws
      ? `Amazon SQS ${kind.said(of)} in ${region}${unlike}; what it survives is as AWS documents it, not measured`
      : `an emulator of SQS (${product ?? 'unknown'}) at ${host}${unlike}: it promises no durability`,
    survives: aws ? ['receiver-crash', 'broker-crash', 'power-loss', 'host-loss'] : ['receiver-crash'],
    order: kind.fifo ? 'key' : 'none',
    countsDeliveries: true,
    dedupWindowMs: kind.fifo ? DEDUP_WINDOW_MS : 0,
    shared: true,
    publishEventsMax: PUBLISH_EVENTS_MAX,
    publishBytesMax: eventBytesMax(Number(of.MaximumMessageSize ?? MESSAGE_BYTES)),
  }
}

/** What an existing queue does otherwise than one that this kit makes, for people. */
function differencesOf({ MessageRetentionPeriod, DelaySeconds, RedrivePolicy }: Attributes): string {
  const retentionS = Number(MessageRetentionPeriod ?? RETENTION_S)
  const told: string[] = []
  if (retentionS < RETENTION_S) told.push(`deletes what waits after ${Math.round(retentionS / 3_600)} h`)
  if (Number(DelaySeconds ?? 0) > 0) told.push(`delays each event by ${DelaySeconds} s`)
  if (RedrivePolicy !== undefined)
    told.push('moves events to a dead-letter queue of its own, which nobody here looks at')
  return told.map((one) => `, ${one}`).join('')
}

/** A driver for one of SQS' two kinds of queue. */
export function sqsDriver(kind: SqsKind): QueueDriver {
  const serverOf = async ({ url, namespace, clock = systemClock }: QueueOpenOptions) => {
    const address = addressOf(url)
    return new SqsServer(kind, address, await connect(address), namespace, clock)
  }
  return {
    server: 'sqs',
    async open(options) {
      const server = await serverOf(options)
      try {
        await server.find()
        return new SqsQueue(server, options.clock, await traitsOf(server))
      } catch (error) {
        server.destroy()
        throw error
      }
    },
    async quotas(options) {
      if (!kind.fifo) return []
      const server = await serverOf(options)
      try {
        await server.find()
        const { of } = await server.settings()
        if (of.FifoThroughputLimit === 'perMessageGroupId') return []
        return [{ of: 'events', maxPerS: FIFO_CALLS_PER_S * ENTRIES_MAX, liftedBy: 'high throughput mode' }]
      } finally {
        server.destroy()
      }
    },
    async drop(options) {
      const server = await serverOf(options)
      await server.drop().finally(() => server.destroy())
    },
  }
}
