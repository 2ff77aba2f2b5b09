import type { QueueAttributeName, SQS } from '@aws-sdk/client-sqs'
import { NO_SUCH_QUEUE, type SqsAddress } from '../../src/clients/sqs/connect.ts'
import { backoffMs } from '../../src/core/base/backoff.ts'
import { within } from '../../src/core/base/within.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { checkNamespace } from '../../src/core/contracts/namespace.ts'
import type { SqsKind } from './kind.ts'
import { Pace } from './pace.ts'

/** Any call but a publish and a long poll may take so many ms. */
export const CALL_MS = 5_000
/** A call of an opening that SQS throttles is tried so often, for 10 s or so. */
const OPEN_TRIES_MAX = 12
const OPEN_BACKOFF = { baseMs: 250, capMs: 2_000 }
/** Every queue of ours has this tag: none without it is used or deleted, whatever its name is. */
const TAG = { name: 'made-by', value: 'floodmark' }
/** Names of the errors, of a call or of one entry, by which SQS says that there were too many calls. */
export const THROTTLED = /Throttl|OverLimit|TooManyRequests/

type SqsCall<T> = (sqs: SQS, QueueUrl: string, options: { readonly abortSignal: AbortSignal }) => Promise<T>

/** One queue on one server. Every call has a deadline, and every failure says whether the call may have happened. */
export class SqsServer {
  readonly kind: SqsKind
  readonly address: SqsAddress
  /** The pace of calls that settle what was delivered. */
  readonly pace: Pace
  readonly publishPace: Pace
  readonly receivePace: Pace
  readonly #sqs: SQS
  readonly #clock: Clock
  readonly #name: string
  #queueUrl = ''

  constructor(kind: SqsKind, address: SqsAddress, sqs: SQS, namespace: string, clock: Clock) {
    this.kind = kind
    this.address = address
    this.pace = new Pace(clock)
    this.publishPace = new Pace(clock, true)
    this.receivePace = new Pace(clock)
    this.#sqs = sqs
    this.#clock = clock
    this.#name = `floodmark-${checkNamespace(namespace)}${kind.suffix}`
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

  /** As `call`, for an opening: SQS takes few calls about tags in a second, and all processes of a service may start at once. */
  async #patiently<T>(send: SqsCall<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.call(send)
      } catch (error) {
        if ((error as FloodmarkError).code !== 'overloaded' || tries === OPEN_TRIES_MAX) throw error
        await this.pause(backoffMs(tries, OPEN_BACKOFF, Math.random))
      }
    }
  }

  /** Finds the queue, or makes it when it does not exist. @throws FloodmarkError 'misuse' when the one there is not ours. */
  async find(): Promise<void> {
    const tags = { [TAG.name]: TAG.value }
    try {
      const found = await this.#own()
      this.#queueUrl =
        found ??
        (await this.#patiently(async (sqs, _, options) => {
          return (await sqs.createQueue({ QueueName: this.#name, Attributes: this.kind.attributes, tags }, options))
            .QueueUrl!
        }))
    } catch (cause) {
      if (cause instanceof FloodmarkError && cause.code === 'misuse') throw cause
      const what = `cannot find or make the queue ${this.#name} at ${this.address.host}`
      throw new FloodmarkError('unavailable', `${what}: ${messageOf(cause)}`, { cause })
    }
  }

  /** Deletes the queue if it exists. @throws FloodmarkError 'misuse' when the one there is not ours. */
  async drop(): Promise<void> {
    const QueueUrl = await this.#own()
    if (QueueUrl === undefined) return
    await this.call(async (sqs, _, options) => {
      await sqs.deleteQueue({ QueueUrl }, options).catch((error) => {
        if (!NO_SUCH_QUEUE.test(error.name)) throw error
      })
    })
  }

  /** The address of the queue; undefined when there is none. @throws FloodmarkError 'misuse' when somebody else made it. */
  async #own(): Promise<string | undefined> {
    const QueueUrl = await this.#patiently(async (sqs, _, options) => {
      const found = await sqs.getQueueUrl({ QueueName: this.#name }, options).catch((error) => {
        if (!NO_SUCH_QUEUE.test(error.name)) throw error
      })
      return found?.QueueUrl
    })
    if (QueueUrl === undefined) return undefined
    const { Tags } = await this.#patiently((sqs, _, options) => sqs.listQueueTags({ QueueUrl }, options))
    if (Tags?.[TAG.name] === TAG.value) return QueueUrl
    const what = `the queue ${this.#name} was not made by floodmark: it has no tag ${TAG.name}=${TAG.value}`
    throw new FloodmarkError('misuse', `${what}. Use another namespace, or tag it if it is yours to fill and delete`)
  }

  /** Of the queue. */
  async attributes(names: QueueAttributeName[]) {
    const answer = await this.call((sqs, QueueUrl, options) =>
      sqs.getQueueAttributes({ QueueUrl, AttributeNames: names }, options),
    )
    return answer.Attributes ?? {}
  }

  /** All attributes of the queue, and the name of the server's product. */
  async settings() {
    const answer = await this.#patiently((sqs, QueueUrl, options) =>
      sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] }, options),
    )
    return { of: answer.Attributes ?? {}, server: answer.$metadata.extendedRequestId }
  }

  pause(ms: number): Promise<void> {
    return sleep(this.#clock, ms)
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

function failureOf(cause: unknown, aborted: boolean): FloodmarkError {
  if (aborted) return new FloodmarkError('timeout', 'SQS did not answer in time', { cause })
  const { name, code, $metadata } = cause as { name: string; code?: string; $metadata?: { httpStatusCode?: number } }
  if (THROTTLED.test(name)) return new FloodmarkError('overloaded', `SQS throttles: ${messageOf(cause)}`, { cause })
  const status = $metadata?.httpStatusCode ?? 0
  const definite = (status >= 400 && status < 500) || code === 'ECONNREFUSED' || code === 'ENOTFOUND'
  return new FloodmarkError('unavailable', `SQS: ${name}: ${messageOf(cause)}`, { cause, definite })
}
