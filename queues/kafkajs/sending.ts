import type { CompressionTypes, Kafka, Message, Producer } from 'kafkajs'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { NOBODY } from '../kafka-shared/brokers.ts'
import { type Layout, METADATA_MAX_AGE_MS, REQUEST_TIMEOUT_MS } from '../kafka-shared/layout.ts'

const ACKS = { all: -1, 1: 1 } as const
const COMPRESSIONS: Readonly<Record<string, CompressionTypes>> = { gzip: 1, zstd: 4 }

interface WaitingSend {
  readonly messages: readonly Message[]
  readonly bytes: number
  resolve(): void
  reject(error: unknown): void
}

/** How kafkajs calls a compression. @throws FloodmarkError 'misuse' for one that it leaves to packages of others. */
export function compressionOf({ address: { compression } }: Layout): CompressionTypes | undefined {
  if (compression === undefined || compression in COMPRESSIONS) return COMPRESSIONS[compression ?? '']
  const todo = `take the queue 'kafka', which can, or compression=gzip`
  throw new FloodmarkError('misuse', `kafkajs cannot compress with ${compression}: ${todo}`)
}

/** A line of sends for each leader, so that one that is away or hangs costs its own events only. */
export class KafkaJsSending {
  readonly #kafka: Kafka
  readonly #layout: Layout
  readonly #bytesMax: number
  readonly #lines = new Map<number | undefined, SendingLine>()
  /** By partition, while a send of it is under way. */
  readonly #held = new Map<number, { readonly line: SendingLine; sends: number }>()

  constructor(kafka: Kafka, layout: Layout, bytesMax: number) {
    this.#kafka = kafka
    this.#layout = layout
    this.#bytesMax = bytesMax
  }

  /** A partition stays in its line while a send of it is under way: else a later event might overtake. Undefined: nobody leads it. */
  lineOf(partition: number, leader: number | undefined): SendingLine | undefined {
    const held = this.#held.get(partition)
    if (held) return held.line
    if (leader === NOBODY) return undefined
    let line = this.#lines.get(leader)
    if (!line) {
      line = new SendingLine(this.#kafka, this.#layout, this.#bytesMax)
      this.#lines.set(leader, line)
    }
    return line
  }

  async send(line: SendingLine, messages: readonly (Message & { readonly partition: number })[]): Promise<void> {
    const partitions = new Set(messages.map(({ partition }) => partition))
    for (const one of partitions) {
      const held = this.#held.get(one)
      if (held) held.sends++
      else this.#held.set(one, { line, sends: 1 })
    }
    try {
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
      await line.send(messages, bytes)
    } finally {
      for (const one of partitions) if (--this.#held.get(one)!.sends === 0) this.#held.delete(one)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.close()))
  }
}

/**
 * Makes one send at a time. Batches that come meanwhile go with the next send: this client lets the last of several
 * concurrent sends overtake the one before it, by the way its locks are passed on. Never idempotent, because that is
 * experimental in kafkajs. Without retries, which belong above.
 */
export class SendingLine {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #bytesMax: number
  readonly #compression: CompressionTypes | undefined
  readonly #acks: number
  #producer: Producer | undefined
  #waiting: WaitingSend[] = []
  #running = false
  #abandon = () => {}

  constructor(kafka: Kafka, layout: Layout, bytesMax: number) {
    this.#compression = compressionOf(layout)
    this.#acks = ACKS[layout.address.acks]
    this.#kafka = kafka
    this.#topic = layout.topic
    this.#bytesMax = bytesMax
  }

  send(messages: readonly Message[], bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ messages, bytes, resolve, reject })
      if (!this.#running) this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    // Sends asked for in the same turn go together.
    await undefined
    while (this.#waiting.length > 0) {
      const group = this.#take()
      try {
        await this.#sendNow(group.flatMap(({ messages }) => messages))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = false
  }

  #take(): WaitingSend[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length) {
      bytes += this.#waiting[count]!.bytes
      if (count > 0 && bytes > this.#bytesMax) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** What is meant for a partition that it does not know, kafkajs drops without a word. A new producer knows the topic as it is now. */
  async #sendNow(messages: Message[]): Promise<void> {
    const dropped = await this.#sendOnce(messages)
    if (dropped.length === 0) return
    this.#close()
    if ((await this.#sendOnce(dropped)).length === 0) return
    throw new FloodmarkError('unavailable', 'the topic has fewer partitions than before', { definite: false })
  }

  /** Resolves with the messages that did not go out. */
  async #sendOnce(messages: Message[]): Promise<Message[]> {
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandon = () =>
        reject(new FloodmarkError('unavailable', 'its connection was given up', { definite: false }))
    })
    const sent = this.#connected().then((producer) =>
      producer.send({
        topic: this.#topic,
        acks: this.#acks,
        timeout: REQUEST_TIMEOUT_MS,
        messages,
        ...(this.#compression && { compression: this.#compression }),
      }),
    )
    const stored = new Set((await Promise.race([sent, abandoned])).map(({ partition }) => partition))
    return messages.filter(({ partition }) => !stored.has(partition!))
  }

  async #connected(): Promise<Producer> {
    if (this.#producer) return this.#producer
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      retry: { retries: 0 },
      metadataMaxAge: METADATA_MAX_AGE_MS,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition!,
    })
    await producer.connect()
    this.#producer = producer
    return producer
  }

  /** A connection that answers too late may be half open, and would hold up every later send. The next send opens a new one. */
  renew(): void {
    this.#abandon()
    this.#close()
  }

  #close(): void {
    const dropped = this.#producer
    this.#producer = undefined
    dropped?.disconnect().catch(() => {})
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect().catch(() => {})
  }
}
