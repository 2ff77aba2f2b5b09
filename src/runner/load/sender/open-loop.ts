import type { Load } from '../../plan/arrivals.ts'
import { driftKindOf } from '../../plan/drift-plan.ts'
import { isLostBySender } from '../../plan/identity.ts'
import type { Outcome } from '../../plan/outcome.ts'
import { timeoutMs } from '../../plan/retry.ts'
import { startPacer } from '../../processes/pacer.ts'
import { preciseNow } from '../../processes/precise-now.ts'
import type { Certificate, Progress } from '../../records/facts.ts'
import { type Attempt, emptyAttempt, type JournalWriter } from '../../records/journal.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { SendingRoute } from '../../scenario/sending-route.ts'
import { Agenda, type AgendaOptions, type Due, type Upcoming } from './agenda.ts'
import { Carrier } from './carrier.ts'
import type { Destination, ExchangeEnd } from './connection.ts'
import { Meter } from './meter.ts'
import { requestMaker } from './request.ts'

export interface OpenLoopOptions {
  readonly load: Load
  readonly runId: string
  readonly senders: AgendaOptions['senders']
  readonly retries: AgendaOptions['retries']
  /** undefined: requests go straight to the destinations. */
  readonly balancer: Scenario['balancer']
  readonly destinations: readonly Destination[]
  readonly routes: readonly SendingRoute[]
  /** What to send and when, in place of the load's arrivals and their retries. */
  readonly agenda?: Upcoming
  /** The time that is signed, ms since the Unix epoch. Default: that of sending. */
  readonly signedAtMs?: (due: Readonly<Due>) => number
  /** The most open connections. When all of them are busy, an arrival is not sent: 'unsent', cause 'connections-max'. */
  readonly connectionsMax: number
  readonly journal: JournalWriter
  /** The sender gives up when an arrival would be sent later than this, ms: it can say nothing about the server any more. */
  readonly latenessMaxMs: number
  /** Start of the run, by its clock. */
  readonly startAtMs: number
  /** Abort: send no more, wait for attempts in flight. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

const TICK_MS = 20
const PROGRESS_MS = 500
const UNSENT_RECORDS_MAX = 100_000
/** Sending stops for a moment after this many in one go, so that answers are read between. */
const BURST_MAX = 64
/** So long attempts in flight are waited for when the run was told to end, ms. */
const LAST_ANSWERS_MS = 3_000

/**
 * Sends every arrival at its time, whatever the server does. Resolves when the last attempt has ended.
 * @throws FloodmarkError 'unavailable' when the journal cannot be written: an attempt that cannot be written down must not be sent.
 */
export function openLoop(options: OpenLoopOptions): Promise<Certificate> {
  return new Promise((resolve, reject) => new OpenLoop(options, resolve, reject).start())
}

class OpenLoop {
  readonly #options: OpenLoopOptions
  readonly #resolve: (certificate: Certificate) => void
  readonly #reject: (error: unknown) => void
  readonly #agenda: Upcoming
  readonly #carrier: Carrier
  readonly #meter = new Meter()
  readonly #makeRequest
  readonly #pacer = startPacer(() => this.#sendDue())
  readonly #unsent = emptyAttempt()
  #inFlight = 0
  /** Whether attempts that are due wait for the next turn of the event loop. */
  #goesOn = false
  #gaveUp = false
  #failed = false
  #endedAtMs: number | undefined
  /** Arrivals that are due then or later are not sent. */
  #endsAtMs = Number.POSITIVE_INFINITY
  #ticks: NodeJS.Timeout | undefined
  #progressAtMs = 0

  constructor(options: OpenLoopOptions, resolve: (certificate: Certificate) => void, reject: (error: unknown) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    const { load, senders, retries, destinations, connectionsMax, runId, routes, balancer } = options
    const secure = destinations[0]?.tls !== undefined
    const policies = routes.map(({ provider }) => provider.delivery)
    this.#agenda = options.agenda ?? new Agenda({ load, senders, retries, policies })
    this.#carrier = new Carrier({
      destinations,
      connectionsMax,
      balancer,
      timeoutsMs: policies.map((policy) => timeoutMs(policy, retries)),
      nowMs: () => this.#nowMs(),
      onEnd: (attempt, exchange) => this.#onEnd(attempt, exchange),
    })
    this.#makeRequest = requestMaker({ runId, ...load, drift: driftKindOf(load), routes, secure })
  }

  start(): void {
    this.#ticks = setInterval(() => this.#tick(), TICK_MS)
    const { signal, startAtMs } = this.#options
    signal.addEventListener('abort', () => this.#interrupt(), { once: true })
    if (signal.aborted) return this.#interrupt()
    setTimeout(() => this.#meter.startSending(), Math.max(0, startAtMs - preciseNow()))
    this.#sendDue()
  }

  /** What is due by now is still sent, so that the plan until now is whole; nothing else is. */
  #interrupt(): void {
    this.#endsAtMs = this.#nowMs()
    this.#sendDue()
  }

  #nowMs(): number {
    return preciseNow() - this.#options.startAtMs
  }

  #sendDue(): void {
    if (this.#endedAtMs !== undefined || this.#goesOn) return
    for (let sent = 0; !this.#failed; sent++) {
      const due = this.#agenda.peek()
      if (!due || due.intendedMs >= this.#endsAtMs) break
      const nowMs = this.#nowMs()
      if (due.intendedMs > nowMs) return this.#pacer.wakeAt(this.#options.startAtMs + due.intendedMs)
      if (sent === BURST_MAX) return this.#goOn()
      if (nowMs - due.intendedMs > this.#options.latenessMaxMs) {
        this.#gaveUp = true
        return this.#stopSending()
      }
      this.#send(due, nowMs)
      this.#agenda.drop()
    }
    // Attempts in flight may have to be sent again.
    const mayGoOn =
      this.#options.retries !== undefined && this.#inFlight > 0 && this.#endsAtMs === Number.POSITIVE_INFINITY
    if (!this.#failed && !mayGoOn) this.#endSending(Math.min(this.#nowMs(), this.#endsAtMs))
  }

  #goOn(): void {
    this.#goesOn = true
    setImmediate(() => {
      this.#goesOn = false
      this.#sendDue()
    })
  }

  #endSending(nowMs: number): void {
    this.#endedAtMs = nowMs
    this.#meter.endSending()
  }

  #send(due: Readonly<Due>, nowMs: number): void {
    const { load } = this.#options
    if (isLostBySender(load.seed, due.seq, load.scenario)) {
      return this.#noteNotSent(due, 'unsent', 'lost-by-sender', nowMs)
    }
    const first = due.attempt === 1
    if (first) this.#meter.counts.planned++
    if (this.#agenda.disabled(due)) return this.#noteNotSent(due, 'refused', 'disabled', nowMs)
    this.#meter.late(nowMs - due.intendedMs)
    const reserved = this.#carrier.reserve()
    if (!reserved) {
      this.#meter.noConnection(first)
      return this.#noteNotSent(due, 'unsent', 'connections-max', nowMs)
    }
    const { sending, host } = reserved
    take(sending, due)
    const signedAtMs = this.#options.signedAtMs?.(due) ?? Date.now()
    const { bytes, bodyBytes } = this.#makeRequest(host, due.provider, due.seq, due.key, signedAtMs)
    sending.request = bytes
    sending.bodyBytes = bodyBytes
    sending.sentMs = this.#meter.begin() - this.#options.startAtMs
    this.#meter.counts[first ? 'sent' : 'retries']++
    this.#inFlight++
    this.#carrier.send(sending)
  }

  #onEnd(attempt: Attempt, exchange: ExchangeEnd): void {
    this.#inFlight--
    const retryAfterS = 'status' in exchange ? exchange.retryAfterS : undefined
    if ('status' in exchange) {
      attempt.outcome = exchange.status >= 200 && exchange.status < 300 ? 'accepted' : 'refused'
      attempt.cause = this.#asksNoRetry(attempt, exchange) ? 'no-retry' : 'none'
      attempt.status = exchange.status
    } else {
      attempt.outcome = exchange.sent ? 'unknown' : 'refused'
      attempt.cause = exchange.cause
      attempt.status = 0
    }
    attempt.doneMs = this.#nowMs()
    this.#meter.ended(attempt.outcome, attempt.cause, attempt.sentMs + this.#options.startAtMs)
    if (attempt.outcome === 'accepted') this.#meter.response(attempt.doneMs - attempt.intendedMs, attempt.attempt === 1)
    this.#journal(attempt)
    const { attempt: number, status, cause, doneMs } = attempt
    const outcome = attempt.outcome as Exclude<Outcome, 'unsent'>
    const ended = { attempt: number, outcome, status, cause, retryAfterS, doneMs }
    if (this.#agenda.ended(attempt, ended)) this.#sendDue()
  }

  #asksNoRetry({ provider, outcome }: Readonly<Attempt>, { extra }: Extract<ExchangeEnd, { status: number }>): boolean {
    const { noRetryHeader } = this.#options.routes[provider]!.provider.delivery
    return outcome === 'refused' && noRetryHeader !== undefined && extra?.get(noRetryHeader) === '1'
  }

  #noteNotSent(
    due: Readonly<Due>,
    outcome: 'unsent' | 'refused',
    cause: 'connections-max' | 'too-late' | 'disabled' | 'lost-by-sender',
    nowMs: number,
  ): void {
    const attempt = take(this.#unsent, due)
    attempt.outcome = outcome
    attempt.cause = cause
    attempt.sentMs = nowMs
    attempt.doneMs = nowMs
    this.#journal(attempt)
  }

  #journal(attempt: Readonly<Attempt>): void {
    if (this.#failed) return
    try {
      this.#options.journal.write(attempt)
      // What is due by now is still sent: there is room for that. Nothing else is.
      if (this.#options.journal.full) this.#endsAtMs = Math.min(this.#endsAtMs, this.#nowMs())
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Without a journal there is nothing to tell: no more is sent, and attempts in flight are dropped. */
  #fail(error: unknown): void {
    this.#failed = true
    this.#endedAtMs ??= this.#nowMs()
    this.#stop()
    this.#reject(error)
  }

  /** Attempts that were due until now and not sent are written down as unsent. The rest of the plan does not belong to this run. */
  #stopSending(): void {
    if (this.#endedAtMs !== undefined) return
    const nowMs = this.#nowMs()
    this.#endSending(nowMs)
    for (let noted = 0; ; this.#agenda.drop()) {
      const due = this.#agenda.peek()
      if (!due || due.intendedMs > nowMs) return
      if (due.attempt > 1) continue
      this.#meter.counts.planned++
      this.#meter.counts.unsent++
      // Beyond that many, the audit counts from the plan alone: an event without a record was not sent.
      if (noted++ < UNSENT_RECORDS_MAX) this.#noteNotSent(due, 'unsent', 'too-late', nowMs)
    }
  }

  #tick(): void {
    const nowMs = this.#nowMs()
    if (nowMs > this.#endsAtMs + LAST_ANSWERS_MS) this.#carrier.giveUp()
    this.#carrier.tick(nowMs)
    // A wake-up could only be lost by a fault in the pacer: the tick makes sure that sending goes on.
    this.#sendDue()
    if (nowMs - this.#progressAtMs >= PROGRESS_MS) this.#progress(nowMs)
    if (this.#endedAtMs !== undefined && this.#inFlight === 0 && !this.#failed) this.#finish()
  }

  #progress(nowMs: number): void {
    this.#progressAtMs = nowMs
    try {
      this.#options.journal.flush()
    } catch (error) {
      return this.#fail(error)
    }
    const now = { atMs: nowMs, inFlight: this.#inFlight, connections: this.#carrier.connections }
    this.#options.onProgress(this.#meter.progress(now))
  }

  #stop(): void {
    clearInterval(this.#ticks)
    this.#carrier.close()
    void this.#pacer.stop()
  }

  #finish(): void {
    this.#progress(this.#nowMs())
    if (this.#failed) return
    this.#stop()
    this.#resolve(
      this.#meter.certificate({
        endedAtMs: this.#endedAtMs!,
        connectionsOpenedMax: this.#carrier.connectionsOpenedMax,
        connectionsMax: this.#options.connectionsMax,
        gaveUp: this.#gaveUp,
        cutOff: this.#agenda.cutOff,
        ...(this.#options.journal.full && { journalFull: this.#options.journal.full.message }),
      }),
    )
  }
}

/** The plan's part of a record. */
function take(attempt: Attempt, { seq, intendedMs, provider, key, attempt: number }: Readonly<Due>): Attempt {
  attempt.attempt = number
  attempt.seq = seq
  attempt.intendedMs = intendedMs
  attempt.provider = provider
  attempt.key = key
  return attempt
}
