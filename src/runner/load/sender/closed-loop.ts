import { preciseNow } from '../../processes/precise-now.ts'
import { latencyHistogram, percentileMs, record } from '../../records/histogram.ts'
import { type ConnectionEvents, type Destination, type ExchangeEnd, SenderConnection } from './connection.ts'

export interface ClosedLoopOptions {
  readonly destination: Destination
  readonly connections: number
  /** The next request's bytes; undefined when there are no more. May be used again once the answer to `slot` is in. */
  readonly next: (slot: number) => Buffer | undefined
  /** Answers within the first so many ms are not counted. */
  readonly warmUpMs: number
  readonly measureMs: number
}

export interface ClosedLoopResult {
  /** Answers with 2xx in the measured part. */
  readonly accepted: number
  /** Everything else in it: other statuses, resets, no connection. */
  readonly failed: number
  /** The measured part, by the clock of the run. */
  readonly beganAtMs: number
  readonly endedAtMs: number
  /** This process's own, in the measured part. */
  readonly cpuSeconds: number
  readonly serviceP50Ms: number | undefined
  readonly serviceP99Ms: number | undefined
  readonly serviceMaxMs: number | undefined
  /** True when `next` had no more before the time was over. */
  readonly ranOut: boolean
}

const RECONNECT_MS = 10

/**
 * The most a server answers: each connection sends its next request as soon as the last answer is in. It waits for the
 * server, so its latencies say nothing about arrivals that would have come meanwhile: that is the open loop's matter.
 */
export function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  return new Promise((resolve) => new ClosedLoop(options, resolve).start())
}

interface ClosedLoopWork {
  readonly slot: number
  sentMs: number
}

class ClosedLoop {
  readonly #options: ClosedLoopOptions
  readonly #resolve: (result: ClosedLoopResult) => void
  readonly #service = latencyHistogram()
  readonly #open = new Set<SenderConnection<ClosedLoopWork>>()
  readonly #events: ConnectionEvents<ClosedLoopWork> = {
    onEnd: (connection, exchange) => this.#onEnd(connection, exchange),
    onClosed: (connection) => this.#onClosed(connection),
  }
  #measuring = false
  #ended = false
  #ranOut = false
  #beganAtMs = 0
  #cpuBegan = process.cpuUsage()
  #accepted = 0
  #failed = 0

  constructor(options: ClosedLoopOptions, resolve: (result: ClosedLoopResult) => void) {
    this.#options = options
    this.#resolve = resolve
  }

  start(): void {
    const { connections, warmUpMs, measureMs } = this.#options
    for (let slot = 0; slot < connections; slot++) this.#connect(slot)
    setTimeout(() => this.#begin(), warmUpMs)
    setTimeout(() => this.#end(), warmUpMs + measureMs)
  }

  #connect(slot: number): void {
    if (this.#ended) return
    const connection = new SenderConnection<ClosedLoopWork>(
      this.#options.destination,
      { slot, sentMs: 0 },
      this.#events,
    )
    this.#open.add(connection)
    this.#send(connection)
  }

  #onClosed(connection: SenderConnection<ClosedLoopWork>): void {
    this.#open.delete(connection)
    // Not in this turn: a server that refuses connections would be asked without end.
    setTimeout(() => this.#connect(connection.work.slot), RECONNECT_MS)
  }

  #send(connection: SenderConnection<ClosedLoopWork>): void {
    const request = this.#options.next(connection.work.slot)
    if (!request) {
      this.#ranOut = true
      return this.#end()
    }
    connection.work.sentMs = performance.now()
    connection.send(request)
  }

  #onEnd(connection: SenderConnection<ClosedLoopWork>, exchange: ExchangeEnd): void {
    if (this.#measuring) {
      if ('status' in exchange && exchange.status >= 200 && exchange.status < 300) this.#accepted++
      else this.#failed++
      record(this.#service, performance.now() - connection.work.sentMs)
    }
    if (!this.#ended && 'status' in exchange && exchange.reusable) this.#send(connection)
  }

  #begin(): void {
    if (this.#ended) return
    this.#measuring = true
    this.#beganAtMs = preciseNow()
    this.#cpuBegan = process.cpuUsage()
  }

  #end(): void {
    if (this.#ended) return
    this.#measuring = false
    this.#ended = true
    const { user, system } = process.cpuUsage(this.#cpuBegan)
    for (const connection of this.#open) connection.close()
    this.#resolve({
      accepted: this.#accepted,
      failed: this.#failed,
      beganAtMs: this.#beganAtMs,
      endedAtMs: preciseNow(),
      cpuSeconds: (user + system) / 1e6,
      serviceP50Ms: percentileMs(this.#service, 50),
      serviceP99Ms: percentileMs(this.#service, 99),
      serviceMaxMs: percentileMs(this.#service, 100),
      ranOut: this.#ranOut,
    })
  }
}
