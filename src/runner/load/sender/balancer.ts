import type { Attempt } from '../../records/journal.ts'
import type { Destination, ExchangeEnd, SenderConnection } from './connection.ts'

/** While nobody takes connections, one request tries again this often, ms: the others follow where it was let through. */
const PROBE_MS = 100
/** So many held requests are let through in one go: a server that has just started must not be met by all at once. */
const RELEASED_MAX = 64

/** An attempt, and the bytes of its request while they may have to be sent anew. */
export interface HeldSending extends Attempt {
  request: Buffer
  /** Destinations in a row that refused its connection. */
  refusals: number
}

interface BalancerOptions {
  readonly destinations: number
  /** A request is held for at most so many ms after it was sent. */
  readonly tryMs: number
  /** The sender's own time limit, in ms. */
  readonly timeoutMs: (sending: HeldSending) => number
  /** Sends over a connection, if possible to another destination. False: no connection may be opened. */
  readonly send: (sending: HeldSending, except: Destination | undefined) => boolean
  /** No more is sent to a destination over the connections that are idle. */
  readonly retire: (destination: Destination) => void
  /** Nobody took it in time. */
  readonly onRefused: (sending: HeldSending, cause: 'connect' | 'timeout') => void
}

/**
 * Stands for the load balancer that senders meet in production: a destination that refuses connections is passed over, and where
 * none takes one, requests are held for a while, as by Caddy's lb_try_duration or HAProxy's retries with option redispatch.
 * Only a request that certainly never left is sent again. A connection that breaks later is seen by the sender.
 */
export class Balancer {
  readonly #options: BalancerOptions
  #held: HeldSending[] = []
  #down = false
  #probedAtMs = 0

  constructor(options: BalancerOptions) {
    this.#options = options
  }

  /** True while every destination refuses connections: a new request is held at once. */
  get down(): boolean {
    return this.#down
  }

  hold(sending: HeldSending): void {
    this.#held.push(sending)
  }

  /** Looks at how an exchange ended. True: the balancer has the request now, and it ends when the balancer says so. */
  takesBack({ work, destination }: SenderConnection<HeldSending>, exchange: ExchangeEnd): boolean {
    const { destinations, retire, send } = this.#options
    if ('status' in exchange || exchange.cause !== 'connect') {
      this.#down = false
      return false
    }
    retire(destination)
    work.refusals++
    if (work.refusals < destinations && send(work, destination)) return true
    if (work.refusals >= destinations) this.#down = true
    work.refusals = 0
    // Those that were sent before the others come first again.
    const at = this.#held.findIndex(({ sentMs }) => sentMs > work.sentMs)
    this.#held.splice(at === -1 ? this.#held.length : at, 0, work)
    return true
  }

  /** Ends requests that were held too long. Tries the others, or lets them through. */
  tick(nowMs: number): void {
    if (this.#held.length === 0) return
    this.#held = this.#held.filter((sending) => !this.#expires(sending, nowMs))
    if (this.#down && nowMs - this.#probedAtMs < PROBE_MS) return
    this.#probedAtMs = nowMs
    const count = this.#down ? 1 : RELEASED_MAX
    for (const sending of this.#held.splice(0, count)) {
      if (!this.#options.send(sending, undefined)) this.#held.unshift(sending)
    }
  }

  #expires(sending: HeldSending, nowMs: number): boolean {
    const { tryMs, timeoutMs, onRefused } = this.#options
    const heldMs = nowMs - sending.sentMs
    const cause = heldMs >= timeoutMs(sending) ? 'timeout' : heldMs >= tryMs ? 'connect' : undefined
    if (cause) onRefused(sending, cause)
    return cause !== undefined
  }
}
