import { randomBytes } from 'node:crypto'
import type { PostgresPool } from '../../src/clients/postgres/connection.ts'
import { eventOfRecord } from '../../src/core/base/codec.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../../src/core/contracts/queue.ts'
import { Dispatcher, FAILED_RETRY_MS, type Part, type Source } from '../../src/core/processing/dispatcher.ts'
import { Settling } from './settling.ts'
import type { QueueStatements } from './statements.ts'

const CALL_MS = 5_000
/** More is ready than was taken. */
const MANY = Number.MAX_SAFE_INTEGER

interface StoredEvent {
  readonly position: string
  readonly bytes: Buffer
}

/** A lane's first events, under a lease. */
class LeasedLane implements Part {
  readonly bytes: number
  readonly #lane: string
  readonly #fence: number
  readonly #stored: readonly StoredEvent[]
  readonly #consumer: LaneConsumer

  constructor(consumer: LaneConsumer, lane: string, fence: number, stored: readonly StoredEvent[]) {
    this.#consumer = consumer
    this.#lane = lane
    this.#fence = fence
    this.#stored = stored
    this.bytes = stored.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  get events(): number {
    return this.#stored.length
  }

  load(): readonly Delivery[] {
    return this.#stored.map((one) => ({ event: this.#consumer.eventOf(one), count: undefined }))
  }

  settle(verdicts: readonly Verdict[]): Promise<void> {
    const firstRetry = verdicts.findIndex((verdict) => verdict !== 'ack')
    // An ack behind a retry of its key would break the order: such a lane comes again as a whole.
    const broken = firstRetry !== -1 && verdicts.slice(firstRetry).includes('ack')
    const acked = broken ? 0 : firstRetry === -1 ? verdicts.length : firstRetry
    const retry = verdicts[firstRetry]
    const waitMs = broken ? FAILED_RETRY_MS : retry && retry !== 'ack' ? retry.retryInMs : 0
    const positions = this.#stored.slice(0, acked).map(({ position }) => position)
    return this.#consumer.settled({ lane: this.#lane, fence: this.#fence, waitMs, positions })
  }

  lapse(): void {
    this.#consumer.wake()
  }
}

/** One consume(): takes lanes that are due, each under a lease, and hands out their events in order. */
export class LaneConsumer implements Source {
  readonly #pool: PostgresPool
  readonly #statements: QueueStatements
  readonly #clock: Clock
  readonly #options: ConsumeOptions
  readonly #dispatcher: Dispatcher
  readonly #settling: Settling
  readonly #failed = new AbortController()
  /** How many events may be ready: what was seen last, and 1 when something has happened since. */
  readyEvents = 1
  #isNoticed = false

  constructor(pool: PostgresPool, statements: QueueStatements, clock: Clock, options: ConsumeOptions) {
    this.#pool = pool
    this.#statements = statements
    this.#clock = clock
    this.#options = options
    this.#settling = new Settling(pool, statements.settle)
    this.#dispatcher = new Dispatcher(clock, this)
  }

  async run(handle: Handler): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, this.#failed.signal])
    await this.#dispatcher.consume(handle, { ...this.#options, signal })
    if (!this.#options.signal.aborted) this.#failed.signal.throwIfAborted()
  }

  /** Something may be ready. */
  wake(): void {
    this.#isNoticed = true
    this.readyEvents = Math.max(1, this.readyEvents)
    this.#dispatcher.wake()
  }

  async take(eventsMax: number, bytesMax: number): Promise<readonly Part[]> {
    this.#isNoticed = false
    const fence = randomBytes(6).readUIntBE(0, 6) + 1
    try {
      const values = [eventsMax, this.#options.leaseMs, fence]
      const taken = await this.#ask('take', values)
      const lanes = taken.sort((a, b) => Number(a.before) - Number(b.before)).map(({ lane }) => lane as string)
      if (lanes.length === 0) {
        this.readyEvents = this.#isNoticed ? 1 : 0
        return []
      }
      const rows = await this.#ask('load', [lanes, eventsMax, bytesMax])
      const byLane = Map.groupBy(rows, ({ lane }) => lane as string)
      const rest = lanes.filter((lane) => !byLane.has(lane))
      if (rest.length > 0) await this.#ask('release', [rest, fence])
      const isAll = rest.length === 0 && rows.length < eventsMax
      this.readyEvents = isAll ? (this.#isNoticed ? 1 : 0) : MANY
      return [...byLane].map(([lane, of]) => {
        const stored = of.map(({ position, event }) => ({ position: position as string, bytes: event as Buffer }))
        return new LeasedLane(this, lane, fence, stored)
      })
    } catch (error) {
      this.readyEvents = 0
      this.#failed.abort(error)
      return []
    }
  }

  async #ask(name: keyof QueueStatements, values: unknown[]) {
    return (await this.#pool.repeat(CALL_MS, { name: `fm_${name}`, text: this.#statements[name], values })).rows
  }

  eventOf({ position, bytes }: StoredEvent): WebhookEvent {
    return eventOfRecord(bytes, `row ${position} of events`, this.#clock.now())
  }

  /** Resolves when its lane can be taken again, or will be when its lease ends. */
  async settled(lane: Parameters<Settling['settle']>[0]): Promise<void> {
    await this.#settling.settle(lane)
    if (lane.waitMs <= 0) return this.wake()
    this.#clock.after(lane.waitMs, () => this.wake())
  }
}
