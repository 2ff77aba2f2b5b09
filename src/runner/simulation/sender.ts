import type { Clock } from '../../core/contracts/clock.ts'
import type { Incoming } from '../../core/contracts/incoming.ts'
import type { Random } from '../../core/contracts/random.ts'
import { Agenda, type AgendaOptions, type Due } from '../load/sender/agenda.ts'
import { type DriftKindOf, driftKindOf } from '../plan/drift-plan.ts'
import { signedEvent } from '../plan/make-event.ts'
import type { Cause } from '../plan/outcome.ts'
import { timeoutMs } from '../plan/retry.ts'
import type { Attempt } from '../records/journal.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { SendingRoute } from '../scenario/sending-route.ts'
import type { SimulatedLink } from './conditions.ts'
import type { Fails } from './failure-rates.ts'
import type { ServiceLifetime } from './service-lifetime.ts'

/** A request, or an answer, is on its way for up to so many ms. */
const NETWORK_MS = 20
/** While nobody listens, a balancer looks again every so many ms. */
const PROBE_MS = 100
const HOST = 'simulated.invalid'

export interface SenderOptions extends Pick<AgendaOptions, 'load' | 'retries'> {
  /** Holds requests while nobody listens. Absent: senders are refused at once. */
  readonly balancer: Scenario['balancer']
  readonly runId: string
  readonly routes: readonly SendingRoute[]
  readonly clock: Clock
  readonly random: Random
  readonly fails: Fails
  readonly link: SimulatedLink
  /** The service that answers just now; undefined: nobody listens. */
  readonly reach: () => ServiceLifetime | undefined
}

/** How an attempt ended. Neither status nor cause is known before. */
type End =
  | { readonly status: number; readonly retryAfterS?: number }
  | { readonly sent: boolean; readonly cause: Cause }

/** The sender's agenda, played by a virtual clock: what an open loop does over sockets, done by calls. */
export class SimulatedSender {
  /** How every attempt ended, in the order in which they ended. */
  readonly attempts: Attempt[] = []
  readonly #options: SenderOptions
  readonly #agenda: Agenda
  readonly #drift: DriftKindOf
  #inFlight = 0
  #cancelWake = () => {}

  constructor(options: SenderOptions) {
    this.#options = options
    const { load, retries, routes } = options
    this.#drift = driftKindOf(load)
    const policies = routes.map(({ provider }) => provider.delivery)
    this.#agenda = new Agenda({ load, retries, policies, senders: { index: 0, count: 1 } })
  }

  /** True when nothing is on its way and nothing is to come. */
  get done(): boolean {
    return this.#inFlight === 0 && this.#agenda.peek() === undefined
  }

  /** Sends attempts that are due, and comes back for the others. */
  sendDue(): void {
    const { clock } = this.#options
    this.#cancelWake()
    for (let due = this.#agenda.peek(); due; due = this.#agenda.peek()) {
      const waitMs = due.intendedMs - clock.monotonic()
      if (waitMs > 0) {
        // Whole ms: a wait too short for the clock's number to change would never be over.
        this.#cancelWake = clock.after(Math.ceil(waitMs), () => this.sendDue())
        return
      }
      const copy = { ...due }
      this.#agenda.drop()
      this.#send(copy)
    }
  }

  #send(due: Due): void {
    const { clock, random, fails, reach, routes, retries, link, balancer } = this.#options
    const sentMs = clock.monotonic()
    if (this.#agenda.disabled(due)) {
      this.#note(due, sentMs, { sent: false, cause: 'disabled' })
      return
    }
    this.#inFlight++
    let held = false
    let ended = false
    const end = once((how: End) => {
      ended = true
      cancelLimit()
      forget()
      this.#inFlight--
      this.#end(due, sentMs, how)
    })
    let forget = () => {}
    const limitMs = timeoutMs(routes[due.provider]!.provider.delivery, retries)
    const cancelLimit = clock.after(limitMs, () => end({ sent: !held, cause: 'timeout' }))
    const lost = fails('requestsLost')
    const request = this.#request(due)
    const arrive = () => {
      if (ended || link.requestsDropped > 0) return
      const service = lost || link.refused > 0 ? undefined : reach()
      held = !service && !lost && balancer !== undefined && clock.monotonic() - sentMs < balancer.tryMs
      if (held) return void clock.after(PROBE_MS, arrive)
      if (!service) return end({ sent: false, cause: 'connect' })
      forget = service.onEnd(() => end({ sent: true, cause: 'reset' }))
      void service.handle(request).then((reply) => {
        if (service.ended || fails('repliesLost') || link.repliesDropped > 0) return
        // Once a reply is on its way it arrives, whatever becomes of the service that sent it.
        forget()
        clock.after(random() * NETWORK_MS + link.extraMs(random), () =>
          end(link.refused > 0 ? { sent: true, cause: 'reset' } : reply),
        )
      })
    }
    clock.after(random() * NETWORK_MS + link.extraMs(random), arrive)
  }

  #request({ seq, key, provider: route }: Due): Omit<Incoming, 'receivedAtMs'> {
    const { runId, load, routes, clock } = this.#options
    const { path, provider } = routes[route]!
    const making = { runId, ...load, drift: this.#drift }
    const sending = { host: HOST, atMs: clock.now() }
    const { headers: signed, body: raw } = signedEvent(making, routes[route]!, { seq, key }, sending)
    const headers = new Map([
      ['host', HOST],
      ['content-type', provider.contentType ?? 'application/json'],
    ])
    for (const name in signed) headers.set(name.toLowerCase(), signed[name]!)
    return { url: path, header: (name) => headers.get(name), raw }
  }

  #end(due: Due, sentMs: number, how: End): void {
    const { attempt, outcome, status, cause, doneMs } = this.#note(due, sentMs, how)
    const retryAfterS = 'status' in how ? how.retryAfterS : undefined
    if (outcome !== 'unsent' && this.#agenda.ended(due, { attempt, outcome, status, cause, doneMs, retryAfterS })) {
      this.sendDue()
    }
  }

  #note(due: Due, sentMs: number, how: End): Attempt {
    const answered = 'status' in how
    const accepted = answered && how.status >= 200 && how.status < 300
    const attempt: Attempt = {
      ...due,
      outcome: accepted ? 'accepted' : !answered && how.sent ? 'unknown' : 'refused',
      cause: answered ? 'none' : how.cause,
      status: answered ? how.status : 0,
      bodyBytes: 0,
      sentMs,
      doneMs: this.#options.clock.monotonic(),
    }
    this.attempts.push(attempt)
    return attempt
  }
}

function once<T>(fn: (value: T) => void): (value: T) => void {
  let called = false
  return (value) => {
    if (called) return
    called = true
    fn(value)
  }
}
