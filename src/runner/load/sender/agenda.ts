import { Heap } from '../../../core/contracts/heap.ts'
import type { RetryPolicy } from '../../../core/contracts/provider.ts'
import { hash32, seeded } from '../../../core/contracts/random.ts'
import { type Arrival, arrivals, type Load } from '../../plan/arrivals.ts'
import { type EndedAttempt, Endpoint, nextAttempt } from '../../plan/retry.ts'
import type { Scenario } from '../../scenario/scenario.ts'

/** An attempt that is to be made. */
export interface Due extends Arrival {
  /** From 1. */
  attempt: number
}

export interface AgendaOptions {
  readonly load: Load
  /** This sender takes the arrivals whose seq modulo count is index. */
  readonly senders: { readonly index: number; readonly count: number }
  /** By position in the scenario's mix. */
  readonly policies: readonly RetryPolicy[]
  /** undefined: nobody tries again, since no provider would within the time of the run. */
  readonly retries: Scenario['retries'] | undefined
}

/** The part of an agenda that a sender uses. */
export type Upcoming = Pick<Agenda, 'peek' | 'drop' | 'disabled' | 'ended' | 'cutOff'>

/** The attempts to come, with their times: the plan's arrivals, their copies, and the retries of events that were not accepted. Knows no socket and no clock. */
export class Agenda {
  readonly #options: AgendaOptions
  readonly #plan: Iterator<Readonly<Arrival>>
  readonly #first: Due = { seq: 0, intendedMs: 0, provider: 0, key: 0, attempt: 1 }
  readonly #retries = new Heap<Readonly<Due>>((a, b) => a.intendedMs < b.intendedMs)
  readonly #endpoints: readonly Endpoint[]
  #planned: Due | undefined = this.#first
  /** Attempts that would have come after the end of the run. */
  cutOff = 0

  constructor(options: AgendaOptions) {
    this.#options = options
    this.#plan = arrivals(options.load)
    this.#endpoints = options.policies.map((policy) => new Endpoint(policy, options.retries?.timeScale ?? 1))
    this.#advance()
  }

  /** The next attempt, valid until `drop`; undefined when nothing is known to come. */
  peek(): Readonly<Due> | undefined {
    const retry = this.#retries.peek()
    const first = this.#planned
    return retry && !(first && first.intendedMs <= retry.intendedMs) ? retry : first
  }

  /** Takes the attempt that `peek` shows off the agenda. */
  drop(): void {
    if (this.peek() !== this.#planned) {
      this.#retries.pop()
      return
    }
    this.#addCopies(this.#first)
    this.#advance()
  }

  /** True when the provider of an attempt has stopped sending to this endpoint. */
  disabled({ provider }: Readonly<Due>): boolean {
    return this.#endpoints[provider]!.disabledAtMs !== undefined
  }

  /** Notes how an attempt ended. True when there will be another one. */
  ended(due: Readonly<Due>, ended: EndedAttempt): boolean {
    const { retries, policies, load } = this.#options
    if (!retries) return false
    this.#endpoints[due.provider]!.note(ended)
    if (ended.outcome === 'accepted') return false
    const random = seeded(hash32(hash32(load.seed, 1_000 + due.attempt), due.seq))
    const next = nextAttempt(policies[due.provider]!, ended, retries.timeScale, random)
    if (next === 'delivered' || 'givenUp' in next) return false
    if (next.atMs > load.durationMs + retries.tailMs) {
      this.cutOff++
      return false
    }
    const { seq, provider, key, attempt } = due
    this.#retries.push({ seq, provider, key, attempt: attempt + 1, intendedMs: next.atMs })
    return true
  }

  /** Further copies of an event, due with it: a sender that sends more than once. */
  #addCopies({ seq, intendedMs, provider, key }: Readonly<Due>): void {
    const { seed, scenario } = this.#options.load
    const copies = hash32(hash32(seed, 105), seq) % (scenario.copiesMax ?? 1)
    for (let copy = 1; copy <= copies; copy++) {
      this.#retries.push({ seq, intendedMs, provider, key, attempt: 1 + copy })
    }
  }

  #advance(): void {
    const { index, count } = this.#options.senders
    for (;;) {
      const { value, done } = this.#plan.next()
      if (done) {
        this.#planned = undefined
        return
      }
      if (value.seq % count !== index) continue
      Object.assign(this.#first, value)
      return
    }
  }
}
