import type { QueueAttributeName, SQS } from '@aws-sdk/client-sqs'
import { NO_SUCH_QUEUE, type SqsAddress } from '../../src/clients/sqs/connect.ts'
import { within } from '../../src/core/base/within.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { checkNamespace } from '../../src/core/contracts/namespace.ts'

/** Any call but a publish and a long poll may take so many ms. */
export const CALL_MS = 5_000
/** SQS keeps a message for at most so many seconds. By default it would drop it after four days. */
const RETENTION_S = 14 * 24 * 3_600
const THROTTLED = /Throttl|OverLimit|TooManyRequests/

type SqsCall<T> = (sqs: SQS, QueueUrl: string, options: { readonly abortSignal: AbortSignal }) => Promise<T>

/** One queue on one server. Every call has a deadline, and every failure says whether the call may have happened. */
export class SqsServer {
  readonly address: SqsAddress
  readonly #sqs: SQS
  readonly #clock: Clock
  readonly #name: string
  #queueUrl = ''

  constructor(address: SqsAddress, sqs: SQS, namespace: string, clock: Clock) {
    this.address = address
    this.#sqs = sqs
    this.#clock = clock
    this.#name = `${checkNamespace(namespace)}.fifo`
  }

  /** @throws FloodmarkError 'timeout', 'overloaded' when throttled, else 'unavailable'. */
  call<T>(send: SqsCall<T>, ms = CALL_MS): Promise<T> {
    const late = new AbortController()
    return within(ms, this.#clock, this.callUntil(late.signal, send), () => {
      late.abort()
      return failureOf(undefined, true)
    })
  }

  /** As `call`, with a deadline that several calls may share. */
  async callUntil<T>(abortSignal: AbortSignal, send: SqsCall<T>): Promise<T> {
    try {
      return await send(this.#sqs, this.#queueUrl, { abortSignal })
    } catch (error) {
      if (!NO_SUCH_QUEUE.test((error as Error).name)) throw failureOf(error, abortSignal.aborted)
      throw await this.#gone(error)
    }
  }

  /** Finds the queue, or makes it when it does not exist. */
  async find(): Promise<void> {
    const QueueName = this.#name
    try {
      this.#queueUrl = await this.call(async (sqs, _, options) => {
        const found = await sqs.getQueueUrl({ QueueName }, options).catch((error) => {
          if (!NO_SUCH_QUEUE.test(error.name)) throw error
        })
        return (found ?? (await sqs.createQueue({ QueueName, Attributes: ATTRIBUTES }, options))).QueueUrl!
      })
    } catch (cause) {
      const what = `cannot find or make the queue ${QueueName} at ${this.address.host}`
      throw new FloodmarkError('unavailable', `${what}: ${messageOf(cause)}`, { cause })
    }
  }

  /** Deletes the queue if it exists. */
  async drop(): Promise<void> {
    await this.call(async (sqs, _, options) => {
      try {
        const { QueueUrl } = await sqs.getQueueUrl({ QueueName: this.#name }, options)
        await sqs.deleteQueue({ QueueUrl }, options)
      } catch (error) {
        if (!NO_SUCH_QUEUE.test((error as Error).name)) throw error
      }
    })
  }

  /** Reads the queue's attributes and the name of the server's product. */
  async attributes(names: QueueAttributeName[]) {
    const answer = await this.call((sqs, QueueUrl, options) =>
      sqs.getQueueAttributes({ QueueUrl, AttributeNames: names }, options),
    )
    return { of: answer.Attributes ?? {}, server: answer.$metadata.extendedRequestId }
  }

  destroy(): void {
    this.#sqs.destroy()
  }

  /** An emulator forgets its queues when it restarts. Later calls find a new one. At AWS somebody has deleted the queue. */
  async #gone(cause: unknown): Promise<FloodmarkError> {
    const what = `${this.address.host} no longer has the queue ${this.#name}`
    if (this.address.aws) return new FloodmarkError('unavailable', `${what}: it was deleted. Start again`, { cause })
    await this.find().catch(() => {})
    return new FloodmarkError('unavailable', `${what}, and its events are gone: emulators forget. Try again`, { cause })
  }
}

const ATTRIBUTES = {
  FifoQueue: 'true',
  // Without these two, AWS takes at most 300 calls/s for a whole queue.
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
  MessageRetentionPeriod: String(RETENTION_S),
} as const

function failureOf(cause: unknown, aborted: boolean): FloodmarkError {
  if (aborted) return new FloodmarkError('timeout', 'SQS did not answer in time', { cause })
  const { name, code, $metadata } = cause as { name: string; code?: string; $metadata?: { httpStatusCode?: number } }
  if (THROTTLED.test(name)) return new FloodmarkError('overloaded', `SQS throttles: ${messageOf(cause)}`, { cause })
  const status = $metadata?.httpStatusCode ?? 0
  const definite = (status >= 400 && status < 500) || code === 'ECONNREFUSED' || code === 'ENOTFOUND'
  return new FloodmarkError('unavailable', `SQS: ${name}: ${messageOf(cause)}`, { cause, definite })
}
