import { randomUUID } from 'node:crypto'
import type { Message } from '@aws-sdk/client-sqs'
import { LastingTrouble } from '../../src/core/base/backoff.ts'
import { encodedBytes } from '../../src/core/base/codec.ts'
import { shareOfMemory } from '../../src/core/base/memory.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import type { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import type { ConsumeOptions, Handler, Verdict } from '../../src/core/contracts/queue.ts'
import { Dispatcher, type Part, type Source } from '../../src/core/processing/dispatcher.ts'
import { ENTRIES_MAX, eventOf } from './message.ts'
import type { HeldMessage, Portion } from './portion.ts'
import { CALL_MS, type SqsServer } from './server.ts'
import { remove, secondsOf, show } from './settle.ts'

/**
 * An empty receive waits at the server for so many seconds. It is never cut short: SQS would go on and hand messages to a
 * connection that nobody reads. So an abort may take as long.
 */
const POLL_S = 1
const FETCHES_MAX = 8
/** While so many deletes wait for their turn nothing more is fetched: its lease would end before it is deleted. */
const DELETES_WAIT_MAX = 8
/** Messages that wait here hold so many bytes before nothing more is fetched. */
const AHEAD_BYTES_MAX = shareOfMemory(1 / 32, 32 * 1024 * 1024)
/** While receives bring more bytes than this, one runs at a time. */
const FETCH_BYTES_MAX = 1024 * 1024
/** Verdicts on one portion's keys that come within so many ms share a call. */
const SETTLE_GATHER_MS = 1
const BACKOFF = { baseMs: 100, capMs: 5_000 }
/**
 * SQS counts its waits in whole seconds, and one of them would hold back a key's events that long. So a shorter retry waits here,
 * if so much of its lease is left when it comes again.
 */
const RETRY_HERE_MS_MAX = 1_000
const LEASE_LEFT_MS_MIN = 500
const RETRIES_HERE_MAX = 256
/** A consumer that was told to stop tries its deletes for so many ms more. */
const STOP_MS = 5_000

/** Fetches ahead while handlers run, at most one batch, and settles by their verdicts. */
export class SqsConsumer implements Source {
  readonly #server: SqsServer
  readonly #clock: Clock
  readonly #handle: Handler
  readonly #options: ConsumeOptions
  #ready: Portion[] = []
  #readyEvents = 0
  #readyBytes = 0
  /** Messages that wait here for their retry, each with what ends that wait. */
  readonly #retries = new Map<Portion, () => void>()
  #retryBytes = 0
  /** Grows while receives come back full. */
  #fetches = 1
  readonly #trouble: LastingTrouble
  /** When the consumer was told to stop. */
  #stoppedMs = Number.POSITIVE_INFINITY
  readonly #dispatcher: Dispatcher
  #changed = Promise.withResolvers<void>()

  constructor(server: SqsServer, clock: Clock, handle: Handler, options: ConsumeOptions) {
    this.#server = server
    this.#clock = clock
    this.#handle = handle
    this.#options = options
    this.#dispatcher = new Dispatcher(clock, this)
    this.#trouble = new LastingTrouble(clock, 'nothing could be received from SQS', options.onError)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    const wake = () => {
      this.#stoppedMs = this.#clock.monotonic()
      this.#change()
    }
    signal.addEventListener('abort', wake)
    try {
      const handling = this.#dispatcher.consume(this.#handle, this.#options)
      await Promise.all(Array.from({ length: FETCHES_MAX }, (_, fetcher) => this.#fetch(fetcher, signal)))
      await handling
      for (const end of this.#retries.values()) end()
      await Promise.all([...this.#ready, ...this.#retries.keys()].map((portion) => this.#giveBack(portion)))
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  /** Receives until the signal aborts, for however long the server is away. */
  async #fetch(fetcher: number, over: AbortSignal): Promise<void> {
    // Asked again under its name, a receive whose answer was lost gives the same messages. Else they would wait a whole lease.
    let attempt = randomUUID()
    for (let failures = 0; !over.aborted; ) {
      if (fetcher >= this.#fetches || this.#isFull) {
        await this.#changed.promise
        continue
      }
      try {
        await this.#server.receivePace.turn(over)
        if (over.aborted) return
        const messages = await this.#receive(attempt)
        this.#server.receivePace.tell(false)
        failures = 0
        attempt = randomUUID()
        this.#trouble.worked()
        const bytes = this.#add(messages)
        const full = messages.length === this.#receiveMax
        if (messages.length === 0 || bytes > FETCH_BYTES_MAX) this.#fetches = 1
        else if (full && this.#fetches < FETCHES_MAX) this.#fetches++
      } catch (cause) {
        this.#trouble.failed(cause)
        const throttled = (cause as FloodmarkError).code === 'overloaded'
        if (throttled) this.#server.receivePace.tell(true)
        else await sleep(this.#clock, Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** failures++), over)
      }
    }
  }

  get #isFull(): boolean {
    if (this.#server.pace.waiting >= DELETES_WAIT_MAX) return true
    return this.#readyEvents >= this.#options.batchEventsMax || this.#readyBytes >= AHEAD_BYTES_MAX
  }

  get #receiveMax(): number {
    return Math.min(ENTRIES_MAX, this.#options.batchEventsMax)
  }

  async #receive(attempt: string): Promise<Message[]> {
    const { leaseMs } = this.#options
    const { Messages } = await this.#server.call(
      (sqs, QueueUrl, options) =>
        sqs.receiveMessage(
          {
            QueueUrl,
            MaxNumberOfMessages: this.#receiveMax,
            WaitTimeSeconds: POLL_S,
            ...(this.#server.kind.fifo && { ReceiveRequestAttemptId: attempt }),
            VisibilityTimeout: secondsOf(leaseMs),
            MessageSystemAttributeNames: ['ApproximateReceiveCount'],
          },
          options,
        ),
      POLL_S * 1_000 + CALL_MS,
    )
    return Messages ?? []
  }

  /** Returns the bytes. */
  #add(messages: readonly Message[]): number {
    const held: HeldMessage[] = []
    let bytes = 0
    for (const message of messages) {
      const event = eventOf(message, this.#clock.now())
      const delivery = { event, count: Number(message.Attributes?.ApproximateReceiveCount) || undefined }
      held.push({ receipt: message.ReceiptHandle!, delivery, bytes: encodedBytes(event) })
      bytes += held.at(-1)!.bytes
    }
    if (held.length === 0) return 0
    const untilMs = this.#clock.monotonic() + this.#options.leaseMs
    this.#ready.push({ held, bytes, untilMs, acked: [], again: [], settling: undefined })
    this.#readyEvents += held.length
    this.#readyBytes += bytes
    this.#dispatcher.wake()
    return bytes
  }

  get readyEvents(): number {
    return this.#readyEvents
  }

  /** Takes whole portions. Portions that waited too long for their lease are left out. */
  async take(eventsMax: number, bytesMax: number): Promise<Part[]> {
    for (;;) {
      const taken: Portion[] = []
      for (let [room, roomBytes] = [eventsMax, bytesMax]; this.#ready[0]; ) {
        const { held, bytes } = this.#ready[0]
        if (held.length > room || (bytes > roomBytes && taken.length > 0)) break
        taken.push(this.#ready.shift()!)
        room -= held.length
        roomBytes -= bytes
        this.#readyEvents -= held.length
        this.#readyBytes -= bytes
      }
      this.#change()
      const leased = await Promise.all(taken.map((portion) => this.#renew(portion)))
      const ours = taken.filter((_, at) => leased[at])
      if (ours.length > 0 || taken.length === 0) return ours.flatMap((portion) => this.#partsOf(portion))
    }
  }

  /**
   * Makes one part for each key. SQS holds back a group until all its received messages are settled, and no other group. A standard
   * queue knows no groups: each message is a part.
   */
  #partsOf(portion: Portion): Part[] {
    const lanes = Map.groupBy(portion.held, (held) => (this.#server.kind.fifo ? laneOf(held.delivery.event) : held))
    return [...lanes.values()].map((lane) => ({
      events: lane.length,
      bytes: lane.reduce((sum, { bytes }) => sum + bytes, 0),
      load: () => lane.map(({ delivery }) => delivery),
      settle: (verdicts) => this.#settle(portion, lane, verdicts),
      // The messages become visible again by themselves.
      lapse: () => {},
    }))
  }

  /** Renews the lease of a portion that waited here for more than half of it. False when the portion is lost. */
  async #renew(portion: Portion): Promise<boolean> {
    const { leaseMs } = this.#options
    const nowMs = this.#clock.monotonic()
    if (portion.untilMs - nowMs > leaseMs / 2) return true
    const seconds = secondsOf(leaseMs)
    portion.untilMs = nowMs + leaseMs
    return show(
      this.#server,
      portion.held.map(({ receipt }) => ({ receipt, seconds })),
    )
  }

  /** All of a key's messages behind the first that is to come again come again too. */
  #settle(portion: Portion, lane: readonly HeldMessage[], verdicts: readonly Verdict[]): Promise<void> {
    const firstAgain = verdicts.findIndex((verdict) => verdict !== 'ack')
    const acks = firstAgain === -1 ? lane.length : firstAgain
    portion.acked.push(...lane.slice(0, acks).map(({ receipt }) => receipt))
    const first = verdicts[acks]
    const waitMs = first && first !== 'ack' ? first.retryInMs : 0
    const rest = lane.slice(acks)
    const again = rest.length > 0 && this.#retryHere(rest, waitMs, portion.untilMs) ? [] : rest
    const seconds = secondsOf(waitMs)
    // The last of a key goes first: while it is away its group stays locked, so the first cannot be overtaken.
    for (const { receipt } of again.reverse()) portion.again.push({ receipt, seconds })
    portion.settling ??= this.#flush(portion)
    return portion.settling
  }

  /** Keeps a key's messages until their retry is due. Their group stays locked at SQS, so nothing overtakes them. */
  #retryHere(lane: readonly HeldMessage[], waitMs: number, untilMs: number): boolean {
    const leftMs = untilMs - this.#clock.monotonic() - waitMs
    if (waitMs >= RETRY_HERE_MS_MAX || leftMs < LEASE_LEFT_MS_MIN || this.#options.signal.aborted) return false
    const bytes = lane.reduce((sum, one) => sum + one.bytes, 0)
    if (this.#retries.size >= RETRIES_HERE_MAX || this.#retryBytes + bytes > AHEAD_BYTES_MAX) return false
    const held = lane.map(({ delivery: { event, count }, ...rest }) => {
      return { ...rest, delivery: { event, count: count === undefined ? undefined : count + 1 } }
    })
    const portion: Portion = { held, bytes, untilMs, acked: [], again: [], settling: undefined }
    const due = () => {
      this.#retries.delete(portion)
      this.#retryBytes -= bytes
      this.#ready.unshift(portion)
      this.#readyEvents += held.length
      this.#readyBytes += bytes
      this.#dispatcher.wake()
    }
    this.#retryBytes += bytes
    this.#retries.set(portion, this.#clock.after(waitMs, due))
    return true
  }

  async #flush(portion: Portion): Promise<void> {
    await sleep(this.#clock, SETTLE_GATHER_MS)
    const { acked, again, untilMs } = portion
    Object.assign(portion, { acked: [], again: [], settling: undefined })
    const goesOn = () => this.#clock.monotonic() < Math.min(untilMs, this.#stoppedMs + STOP_MS)
    if (this.#clock.monotonic() >= untilMs) return
    await Promise.all([remove(this.#server, acked, goesOn), show(this.#server, again)])
    this.#change()
  }

  async #giveBack({ held }: Portion): Promise<void> {
    await show(this.#server, held.map(({ receipt }) => ({ receipt, seconds: 0 })).reverse())
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
