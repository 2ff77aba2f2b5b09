import { emptyAttempt } from '../../records/journal.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { Balancer, type HeldSending } from './balancer.ts'
import type { Destination, ExchangeEnd, SenderConnection } from './connection.ts'
import { TimeLimits } from './limits.ts'
import { ConnectionPool } from './pool.ts'

interface CarrierOptions {
  readonly destinations: readonly Destination[]
  readonly connectionsMax: number
  /** undefined: requests go straight to the destinations. */
  readonly balancer: Scenario['balancer']
  /** By position in the scenario's mix. */
  readonly timeoutsMs: readonly number[]
  /** ms since the start of the run. */
  readonly nowMs: () => number
  /** Once for everything that was sent. */
  readonly onEnd: (sending: HeldSending, exchange: ExchangeEnd) => void
}

/** The rest of a time limit is rounded up to so many ms, so that limits remain few. */
const LIMIT_STEP_MS = 250
const NOTHING = Buffer.alloc(0)

/** Gets requests to the receivers and their answers back: connections, time limits and, where there is one, the balancer. */
export class Carrier {
  readonly #options: CarrierOptions
  readonly #pool: ConnectionPool<HeldSending>
  readonly #limits = new TimeLimits()
  readonly #balancer: Balancer | undefined
  readonly #hosts: ReadonlyMap<Destination, string>
  /** The connection that `reserve` has found for the request that `send` brings. undefined: the balancer holds it. */
  #reserved: SenderConnection<HeldSending> | undefined

  constructor(options: CarrierOptions) {
    this.#options = options
    const { destinations, connectionsMax, balancer } = options
    const onEnd = (connection: SenderConnection<HeldSending>, exchange: ExchangeEnd) =>
      this.#onEnd(connection, exchange)
    this.#pool = new ConnectionPool({ destinations, connectionsMax, work: emptySending, onEnd })
    this.#balancer = balancer && this.#balance(balancer.tryMs)
    // A balancer is called by one name, whoever stands behind it.
    const hostOf = ({ host, port, name = `${host}:${port}` }: Destination) => name
    this.#hosts = new Map(
      destinations.map((destination) => [destination, hostOf(balancer ? destinations[0]! : destination)]),
    )
  }

  get connections(): number {
    return this.#pool.size
  }

  get connectionsOpenedMax(): number {
    return this.#pool.openedMax
  }

  /** Where to note the next request, and the Host header that it needs; `send` must follow. undefined: every connection is busy. */
  reserve(): { readonly sending: HeldSending; readonly host: string } | undefined {
    const down = this.#balancer?.down
    const connection = down ? undefined : this.#pool.take()
    if (!connection && !down) return undefined
    this.#reserved = connection
    const destination = connection?.destination ?? this.#options.destinations[0]!
    return { sending: connection?.work ?? emptySending(), host: this.#hosts.get(destination)! }
  }

  /** Its time limit counts from `sentMs`. */
  send(sending: HeldSending): void {
    const connection = this.#reserved
    if (!connection) return this.#balancer!.hold(sending)
    this.#limits.add(connection, this.#timeoutMs(sending), sending.sentMs)
    connection.send(sending.request)
  }

  /** To be called often: ends attempts that have passed their limit, and lets held requests through. */
  tick(nowMs: number): void {
    this.#limits.expire(nowMs)
    this.#balancer?.tick(nowMs)
  }

  /** Ends every attempt in flight as if its limit had passed. */
  giveUp(): void {
    this.#limits.expire(Number.POSITIVE_INFINITY)
  }

  close(): void {
    this.#pool.close()
  }

  #timeoutMs({ provider }: HeldSending): number {
    return this.#options.timeoutsMs[provider]!
  }

  #balance(tryMs: number): Balancer {
    return new Balancer({
      destinations: this.#options.destinations.length,
      tryMs,
      timeoutMs: (sending) => this.#timeoutMs(sending),
      send: (sending, except) => this.#sendAgain(sending, except),
      retire: (destination) => this.#pool.retire(destination),
      onRefused: (sending, cause) => this.#options.onEnd(sending, { cause, sent: false }),
    })
  }

  /** Sends a request that has not left yet over another connection. Its time goes on from when it was sent. */
  #sendAgain(sending: HeldSending, except: Destination | undefined): boolean {
    const connection = this.#pool.take(except)
    if (!connection) return false
    Object.assign(connection.work, sending)
    const nowMs = this.#options.nowMs()
    const leftMs = Math.max(0, this.#timeoutMs(sending) - (nowMs - sending.sentMs))
    this.#limits.add(connection, Math.ceil(leftMs / LIMIT_STEP_MS) * LIMIT_STEP_MS, nowMs)
    connection.send(sending.request)
    return true
  }

  #onEnd(connection: SenderConnection<HeldSending>, exchange: ExchangeEnd): void {
    this.#limits.remove(connection)
    if (this.#balancer?.takesBack(connection, exchange)) return
    if ('status' in exchange && exchange.reusable) this.#pool.give(connection)
    this.#options.onEnd(connection.work, exchange)
  }
}

function emptySending(): HeldSending {
  return { ...emptyAttempt(), request: NOTHING, refusals: 0 }
}
