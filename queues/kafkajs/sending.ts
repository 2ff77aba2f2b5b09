import type { CompressionTypes, Kafka, Message, Producer } from 'kafkajs'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { type Layout, REQUEST_TIMEOUT_MS } from '../kafka-shared/layout.ts'

const ACKS_ALL = -1
const GZIP: CompressionTypes.GZIP = 1

interface WaitingSend {
  readonly messages: readonly Message[]
  readonly bytes: number
  resolve(): void
  reject(error: unknown): void
}

/**
 * Makes one send at a time. Batches that come meanwhile go with the next send: this client lets the last of several
 * concurrent sends overtake the one before it, by the way its locks are passed on. Never idempotent, because that is
 * experimental in kafkajs. Without retries, which belong above.
 */
export class KafkaJsSending {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #bytesMax: number
  readonly #compression: CompressionTypes | undefined
  #producer: Producer | undefined
  #waiting: WaitingSend[] = []
  #running = false
  #abandon = () => {}

  constructor(kafka: Kafka, { topic, address }: Layout, bytesMax: number) {
    this.#compression = address.compression && GZIP
    this.#kafka = kafka
    this.#topic = topic
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

  async #sendNow(messages: Message[]): Promise<void> {
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandon = () =>
        reject(new FloodmarkError('unavailable', 'its connection was given up', { definite: false }))
    })
    const sent = this.#connected().then((producer) =>
      producer.send({
        topic: this.#topic,
        acks: ACKS_ALL,
        timeout: REQUEST_TIMEOUT_MS,
        messages,
        ...(this.#compression && { compression: this.#compression }),
      }),
    )
    await Promise.race([sent, abandoned])
  }

  async #connected(): Promise<Producer> {
    if (this.#producer) return this.#producer
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      retry: { retries: 0 },
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
    const dropped = this.#producer
    this.#producer = undefined
    this.#abandon()
    dropped?.disconnect().catch(() => {})
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect().catch(() => {})
  }
}
