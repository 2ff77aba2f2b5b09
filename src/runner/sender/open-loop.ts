import type { Provider, Secret } from '../../core/provider.ts'
import { type Arrival, arrivals, type Load } from '../arrivals.ts'
import type { Attempt, Cause, JournalWriter, Outcome } from '../journal.ts'
import { type Certificate, latencyHistogram, percentileMs, record } from './certificate.ts'
import type { Connection, Exchange } from './connection.ts'
import { TimeLimits } from './limits.ts'
import { startPacer } from './pacer.ts'
import { Pool, type Target } from './pool.ts'
import { requestMaker } from './request.ts'

export type { Certificate } from './certificate.ts'

export interface OpenLoopOptions {
  readonly load: Load
  readonly runId: string
  readonly senders: { readonly index: number; readonly count: number }
  readonly targets: readonly Target[]
  readonly routes: readonly { readonly path: string; readonly provider: Provider; readonly secret: Secret }[]
  /** When all are busy and this many are open, an arrival is not sent: 'unsent', cause 'connections-max'. */
  readonly connectionsMax: number
  readonly journal: JournalWriter
  /** When an arrival would be sent later than this, ms, the sender gives up: it can say nothing about the server any more. */
  readonly latenessMaxMs: number
  /** Start of the run, ms since the Unix epoch. */
  readonly startAtMs: number
  /** Abort: send no more, wait for what is in flight. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** Counts since the start; latencies of the last interval, ms. */
export interface Progress {
  readonly atMs: number
  readonly planned: number
  readonly sent: number
  readonly accepted: number
  readonly refused: number
  readonly unknown: number
  readonly unsent: number
  readonly inFlight: number
  readonly connections: number
  readonly responseP50Ms: number | undefined
  readonly responseP99Ms: number | undefined
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly eventLoopUtilization: number
}

const TICK_MS = 20
const PROGRESS_MS = 500
const UNSENT_RECORDS_MAX = 100_000
/** Sending stops for a moment after this many in one go, so that answers are read between. */
const BURST_MAX = 64

/** The time base of a sender: the monotonic clock, counted from the Unix epoch. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}

/** Sends every arrival at its time, whatever the server does. Resolves when the last attempt has ended. */
export function openLoop(options: OpenLoopOptions): Promise<Certificate> {
  return new Promise((resolve) => new OpenLoop(options, resolve).start())
}

class OpenLoop {
  readonly #options: OpenLoopOptions
  readonly #resolve: (certificate: Certificate) => void
  readonly #plan: Iterator<Readonly<Arrival>>
  readonly #pool: Pool
  readonly #limits = new TimeLimits()
  readonly #lateness = latencyHistogram()
  readonly #interval = latencyHistogram()
  readonly #makeRequest
  readonly #pacer = startPacer(() => this.#sendDue())
  readonly #attempt = { attempt: 1 } as Attempt
  readonly #counts = { planned: 0, sent: 0, accepted: 0, refused: 0, unknown: 0, unsent: 0 }
  #next: Readonly<Arrival> | undefined
  #inFlight = 0
  /** A rest of what is due waits for the next turn of the event loop. */
  #goesOn = false
  #gaveUp = false
  #endedAtMs: number | undefined
  #busyAtStart = performance.eventLoopUtilization()
  #busyLast = this.#busyAtStart
  #busy = 0
  #ticks: NodeJS.Timeout | undefined
  #progressAtMs = 0

  constructor(options: OpenLoopOptions, resolve: (certificate: Certificate) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#plan = arrivals(options.load)
    this.#pool = new Pool(options.targets, options.connectionsMax)
    const { host, port } = options.targets[0]!
    this.#makeRequest = requestMaker({ runId: options.runId, seed: options.load.seed, host: `${host}:${port}` })
  }

  start(): void {
    this.#advance()
    this.#ticks = setInterval(() => this.#tick(), TICK_MS)
    const { signal, startAtMs } = this.#options
    signal.addEventListener('abort', () => this.#stopSending(), { once: true })
    if (signal.aborted) return this.#stopSending()
    // The lead-in is idle time and would dilute the busy share.
    setTimeout(
      () => {
        this.#busyAtStart = performance.eventLoopUtilization()
      },
      Math.max(0, startAtMs - preciseNow()),
    )
    this.#sendDue()
  }

  #nowMs(): number {
    return preciseNow() - this.#options.startAtMs
  }

  /** On to this sender's next arrival. */
  #advance(): void {
    const { index, count } = this.#options.senders
    do {
      this.#next = this.#plan.next().value as Readonly<Arrival> | undefined
    } while (this.#next && this.#next.seq % count !== index)
  }

  #sendDue(): void {
    if (this.#endedAtMs !== undefined || this.#goesOn) return
    for (let sent = 0; this.#next; sent++) {
      const nowMs = this.#nowMs()
      if (this.#next.intendedMs > nowMs) return this.#pacer.wakeAt(this.#options.startAtMs + this.#next.intendedMs)
      if (sent === BURST_MAX) return this.#goOn()
      if (nowMs - this.#next.intendedMs > this.#options.latenessMaxMs) {
        this.#gaveUp = true
        return this.#stopSending()
      }
      this.#send(this.#next, nowMs)
      this.#advance()
    }
    this.#endSending(this.#nowMs())
  }

  #goOn(): void {
    this.#goesOn = true
    setImmediate(() => {
      this.#goesOn = false
      this.#sendDue()
    })
  }

  /** The share of busy time is taken here: waiting for the last answers would dilute it. */
  #endSending(nowMs: number): void {
    this.#endedAtMs = nowMs
    this.#busy = performance.eventLoopUtilization(this.#busyAtStart).utilization
  }

  #send(arrival: Readonly<Arrival>, nowMs: number): void {
    this.#counts.planned++
    record(this.#lateness, nowMs - arrival.intendedMs)
    const { seq, intendedMs, provider, key } = arrival
    const connection = this.#pool.take()
    if (!connection) return this.#note({ seq, intendedMs, provider, key }, 'unsent', 'connections-max', 0, nowMs, 0)
    const route = this.#options.routes[provider]!
    const { bytes, bodyBytes } = this.#makeRequest(route, seq, key, Date.now())
    this.#counts.sent++
    this.#inFlight++
    const sentMs = this.#nowMs()
    const release = this.#limits.add(connection, route.provider.delivery.timeoutMs, sentMs)
    connection.send(bytes, (exchange) => {
      release()
      this.#inFlight--
      this.#onEnd({ seq, intendedMs, provider, key }, exchange, connection, sentMs, bodyBytes)
    })
  }

  #onEnd(arrival: Arrival, exchange: Exchange, connection: Connection, sentMs: number, bodyBytes: number): void {
    if ('status' in exchange) {
      if (exchange.reusable) this.#pool.give(connection)
      const outcome = exchange.status >= 200 && exchange.status < 300 ? 'accepted' : 'refused'
      this.#note(arrival, outcome, 'none', exchange.status, sentMs, bodyBytes)
    } else {
      this.#note(arrival, exchange.sent ? 'unknown' : 'refused', exchange.cause, 0, sentMs, bodyBytes)
    }
  }

  #note(arrival: Arrival, outcome: Outcome, cause: Cause, status: number, sentMs: number, bodyBytes: number): void {
    const doneMs = this.#nowMs()
    this.#counts[outcome]++
    if (outcome !== 'unsent') record(this.#interval, doneMs - arrival.intendedMs)
    this.#journal(arrival, outcome, cause, status, sentMs, doneMs, bodyBytes)
  }

  #journal(
    arrival: Arrival,
    outcome: Outcome,
    cause: Cause,
    status: number,
    sentMs: number,
    doneMs: number,
    bodyBytes: number,
  ): void {
    Object.assign(this.#attempt, arrival, { outcome, cause, status, sentMs, doneMs, bodyBytes })
    this.#options.journal.write(this.#attempt)
  }

  /** What was intended until now and not sent is written down as such; the rest of the plan is none of this run's. */
  #stopSending(): void {
    if (this.#endedAtMs !== undefined) return
    const nowMs = this.#nowMs()
    this.#endSending(nowMs)
    for (let noted = 0; this.#next && this.#next.intendedMs <= nowMs; this.#advance()) {
      this.#counts.planned++
      this.#counts.unsent++
      // Beyond that many, the audit's count of the plan alone tells: what has no record was not sent.
      if (noted++ < UNSENT_RECORDS_MAX) this.#journal({ ...this.#next }, 'unsent', 'too-late', 0, nowMs, nowMs, 0)
    }
  }

  #tick(): void {
    const nowMs = this.#nowMs()
    this.#limits.expire(nowMs)
    // A wake-up could only be lost by a fault in the pacer: the tick makes sure that sending goes on.
    this.#sendDue()
    if (nowMs - this.#progressAtMs >= PROGRESS_MS) this.#progress(nowMs)
    if (this.#endedAtMs !== undefined && this.#inFlight === 0) this.#finish()
  }

  #progress(nowMs: number): void {
    this.#progressAtMs = nowMs
    this.#options.journal.flush()
    const busy = performance.eventLoopUtilization()
    this.#options.onProgress({
      atMs: nowMs,
      ...this.#counts,
      inFlight: this.#inFlight,
      connections: this.#pool.size,
      responseP50Ms: percentileMs(this.#interval, 50),
      responseP99Ms: percentileMs(this.#interval, 99),
      cpuSeconds: cpuSeconds(),
      rssBytes: process.memoryUsage.rss(),
      eventLoopUtilization: performance.eventLoopUtilization(busy, this.#busyLast).utilization,
    })
    this.#busyLast = busy
    this.#interval.reset()
  }

  #finish(): void {
    clearInterval(this.#ticks)
    this.#progress(this.#nowMs())
    this.#pool.close()
    void this.#pacer.stop()
    const { planned, sent, unsent } = this.#counts
    this.#resolve({
      planned,
      sent,
      unsent,
      endedAtMs: this.#endedAtMs!,
      latenessP50Ms: percentileMs(this.#lateness, 50) ?? 0,
      latenessP99Ms: percentileMs(this.#lateness, 99) ?? 0,
      latenessMaxMs: percentileMs(this.#lateness, 100) ?? 0,
      eventLoopUtilization: this.#busy,
      cpuSeconds: cpuSeconds(),
      connectionsOpenedMax: this.#pool.openedMax,
      connectionsMax: this.#options.connectionsMax,
      gaveUp: this.#gaveUp,
    })
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
