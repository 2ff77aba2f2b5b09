import type { KafkaAddress } from '../../src/clients/kafka/address.ts'
import { isSilent } from '../../src/clients/kafka/broker-version.ts'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** A request that takes so many ms longer than it should raises the question whether its broker is silent. */
const DOUBT_MS = 1_500
/** A broker that leaves a question without an answer for so many ms is silent. */
const SILENT_MS = 3_000
/** A silent broker is asked again after so many ms. */
const ASK_AGAIN_MS = 1_000

/** The leader of a partition that has none. */
export const NOBODY = -1
const NO_LEADER = 'its partition has no leader that answers: look at the brokers'
const NO_ANSWER = 'its broker takes connections and answers nothing: look at the brokers'

export interface BrokerPlace {
  readonly host: string
  readonly port: number
}

/**
 * Which brokers of a cluster are silent: they take connections and answer nothing, as a stopped process does. A client waits
 * for the whole time of each request there, and chooses such a broker again. Nothing is asked while all requests are answered
 * in time. Where no broker answers, none is added to the silent ones: no other could be asked instead.
 */
export class Brokers {
  readonly #clock: Clock
  readonly #ask: (broker: string, ms: number) => Promise<boolean>
  /** Those of the address. */
  readonly #first: readonly string[]
  #known: ReadonlySet<string>
  readonly #silent = new Set<string>()
  readonly #listeners = new Set<(broker: string) => void>()
  #checking: Promise<void> | undefined
  #closed = false

  constructor(
    { brokers, tls }: Pick<KafkaAddress, 'brokers' | 'tls'>,
    clock: Clock = systemClock,
    ask = (broker: string, ms: number) => isSilent(broker, tls, ms),
  ) {
    this.#first = brokers
    this.#known = new Set(brokers)
    this.#clock = clock
    this.#ask = ask
  }

  /** Called with what a cluster says of its brokers. */
  know(brokers: Iterable<BrokerPlace>): void {
    this.#known = new Set([...this.#first, ...[...brokers].map(nameOf)])
  }

  /** Those that only the cluster names. */
  get elsewhere(): string[] {
    return [...this.#known].filter((one) => !this.#first.includes(one))
  }

  get someSilent(): boolean {
    return this.#silent.size > 0
  }

  isSilent(broker: BrokerPlace | string | undefined): boolean {
    if (broker === undefined || this.#silent.size === 0) return false
    return this.#silent.has(typeof broker === 'string' ? broker : nameOf(broker))
  }

  /** Those of an address that are not silent, or all of them where none is left. */
  answering(): string[] {
    const answering = this.#first.filter((one) => !this.#silent.has(one))
    return answering.length > 0 ? answering : [...this.#first]
  }

  /** Calls `listener` whenever a broker falls silent, so that its requests need not wait. Returns what ends this. */
  onSilent(listener: (broker: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Gives the answer, and looks for silent brokers when it takes much longer than `expectedMs`. */
  async during<T>(answer: Promise<T>, expectedMs = 0): Promise<T> {
    const cancel = this.doubtAfter(expectedMs)
    try {
      return await answer
    } finally {
      cancel()
    }
  }

  /** Looks for silent brokers unless what it returns is called soon. */
  doubtAfter(expectedMs: number): () => void {
    return this.#clock.after(expectedMs + DOUBT_MS, () => void this.check())
  }

  /** Asks every known broker once. Never rejects. */
  check(): Promise<void> {
    if (this.#closed || this.#known.size < 2) return Promise.resolve()
    this.#checking ??= this.#round().finally(() => {
      this.#checking = undefined
      if (this.#silent.size > 0) this.#clock.after(ASK_AGAIN_MS, () => void this.check())
    })
    return this.#checking
  }

  async #round(): Promise<void> {
    const known = [...this.#known]
    const silent = await Promise.all(known.map((broker) => this.#ask(broker, SILENT_MS)))
    for (const one of this.#silent) if (!this.#known.has(one)) this.#silent.delete(one)
    if (!silent.includes(false)) return
    for (const [at, broker] of known.entries()) {
      if (!silent[at]) this.#silent.delete(broker)
      else if (!this.#silent.has(broker)) {
        this.#silent.add(broker)
        for (const listener of this.#listeners) listener(broker)
      }
    }
  }

  close(): void {
    this.#closed = true
  }
}

/** Without the port. */
export const hostOf = (broker: string) => broker.slice(0, broker.lastIndexOf(':'))

export function nameOf({ host, port }: BrokerPlace): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Of a request that is not sent, because nobody leads its partition. */
export const noLeader = () => new FloodmarkError('unavailable', NO_LEADER)
/** Of a request that is not sent, because its broker would leave it without an answer. */
export const noAnswer = () => new FloodmarkError('unavailable', NO_ANSWER)

export const isNoAnswer = (error: unknown): boolean => is(error, NO_ANSWER)
/** Whether a request certainly did not go out, whatever a client put around the reason. */
export const isUnsent = (error: unknown): boolean => is(error, NO_LEADER, NO_ANSWER)

function is(error: unknown, ...messages: readonly string[]): boolean {
  if (error instanceof AggregateError)
    return error.errors.length > 0 && error.errors.every((one) => is(one, ...messages))
  return error instanceof FloodmarkError && messages.includes(error.message)
}
