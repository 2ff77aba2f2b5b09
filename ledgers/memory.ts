import { digestOf } from '../src/core/base/copy-digest.ts'
import { keptAs } from '../src/core/base/dead-letter.ts'
import { markMsOf } from '../src/core/base/mark-life.ts'
import { covers, duplicateOf, fateOfBuried, fateOfWaiting, isToRenew, MarkTime } from '../src/core/base/marks.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type Claim,
  type DeadLetter,
  type EventFate,
  KEPT_COPIES,
  type KeptCopy,
  type Ledger,
  type LedgerDriver,
  type LedgerOpenOptions,
  MARK_TTL_MS,
  type Settled,
  type Settlement,
  SUSPECT_LOST_TRIES,
  type Write,
} from '../src/core/contracts/ledger.ts'
import { Claims } from '../src/core/processing/claims.ts'
import { checkEvents, checkSettlements, incremented } from '../src/core/processing/writes.ts'
import { Marks } from './memory/marks.ts'

/** One settle call removes at most so many expired marks. */
const SWEEP_MAX = 64

/** The specification of a ledger, in maps. Nothing outlives the process. */
class MemoryLedger implements Ledger {
  readonly traits
  readonly #marks = new Marks()
  readonly #failures = new Map<string, { readonly count: number; readonly sinceMs: number }>()
  readonly #dead = new Map<string, DeadLetter>()
  readonly #copies: KeptCopy[] = []
  readonly #values = new Map<string, Uint8Array>()
  readonly #lists = new Map<string, Uint8Array[]>()
  readonly #claims: Claims
  readonly #clock
  readonly #ttlMs: number
  readonly #time: MarkTime

  constructor(options: LedgerOpenOptions) {
    this.#clock = options.clock ?? systemClock
    this.#ttlMs = options.ttlMs ?? MARK_TTL_MS
    this.#claims = new Claims(this.#clock)
    this.#time = new MarkTime(this.#clock)
    this.traits = { name: 'memory', server: 'this process', survives: [], shared: false, ttlMs: this.#ttlMs } as const
  }

  async claim(events: Parameters<Ledger['claim']>[0], leaseMs: number): Promise<readonly Claim[]> {
    checkEvents(events.length)
    return events.map((event) => this.#claim(event, leaseMs, SUSPECT_LOST_TRIES))
  }

  async claimAlone(event: WebhookEvent, leaseMs: number): Promise<Claim> {
    return this.#claim(event, leaseMs, Number.POSITIVE_INFINITY)
  }

  #claim(event: WebhookEvent, leaseMs: number, suspectAt: number): Claim {
    const { id } = event
    if (this.#claims.busy(id)) return { state: 'busy' }
    const letter = this.#dead.get(id)
    if (letter) return duplicateOf(digestOf(letter.event), event)
    const now = this.#clock.now()
    const mark = this.#marks.get(id)
    if (mark && covers(mark.endsMs, this.#time.believed(), event)) {
      if (isToRenew(mark.endsMs, now, markMsOf(event, this.#ttlMs))) this.#mark(event, mark)
      return duplicateOf(mark.digest, event)
    }
    const lostTries = this.#claims.lostTries(id)
    if (lostTries >= suspectAt) return { state: 'suspect' }
    const { count: failures, sinceMs } = this.#failures.get(id) ?? { count: 0, sinceMs: now }
    const fence = this.#claims.take(id, leaseMs, failures)
    return { state: 'new', fence, failures, failingForMs: now - sinceMs, lostTries }
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    try {
      checkSettlements(settlements)
    } catch (error) {
      for (const { event, fence } of settlements)
        if (this.#claims.settle(event.id, fence) !== undefined) this.#claims.give(event.id)
      throw error
    }
    const held = this.#claims.settleAll(settlements)
    const settled = settlements.map((settlement, at) => this.#settleOne(settlement, held[at]))
    this.#marks.sweep(this.#time.sweptBefore(settlements), SWEEP_MAX)
    return settled
  }

  /** `before`: the event's failures so far; undefined when the claim is lost. */
  #settleOne(settlement: Settlement, before: number | undefined): Settled {
    const { event, result } = settlement
    if (before === undefined) return { held: false, failures: 0 }
    this.#claims.give(event.id)
    if (result === 'released') return { held: true, failures: before }
    this.#claims.forgetLost(event.id)
    if (result === 'applied') {
      for (const write of settlement.writes) this.#write(write)
      const handled = settlement.handled && { ...settlement.handled, atMs: this.#clock.now() }
      this.#mark(event, { digest: digestOf(event), handled })
      return { held: true, failures: before }
    }
    const failures = before + 1
    const now = this.#clock.now()
    this.#failures.set(event.id, { count: failures, sinceMs: this.#failures.get(event.id)?.sinceMs ?? now })
    if (result === 'buried') {
      this.#dead.set(event.id, { event, cause: settlement.cause, reason: settlement.reason, failures, atMs: now })
    }
    return { held: true, failures }
  }

  #write(write: Write): void {
    if (write.op === 'put') this.#values.set(write.name, copyOf(write.value)!)
    else if (write.op === 'increment') {
      this.#values.set(write.name, incremented(this.#values.get(write.name), write.by))
    } else {
      const list = this.#lists.get(write.name)
      if (list) list.push(copyOf(write.value)!)
      else this.#lists.set(write.name, [copyOf(write.value)!])
    }
  }

  #mark(event: WebhookEvent, what: Parameters<Marks['set']>[3]): void {
    this.#marks.set(event.id, this.#time.latest(), markMsOf(event, this.#ttlMs), what)
    this.#failures.delete(event.id)
  }

  async lookup(ids: readonly string[]): Promise<readonly EventFate[]> {
    return ids.map((id) => {
      if (this.#claims.busy(id)) return { state: 'in-hand' }
      const letter = this.#dead.get(id)
      if (letter) return fateOfBuried(letter)
      const mark = this.#marks.get(id)
      if (mark && mark.endsMs > this.#time.believed()) {
        return { state: 'applied', ...(mark.handled && { handled: mark.handled }) }
      }
      return fateOfWaiting(this.#failures.get(id)?.count ?? 0, this.#claims.lostTries(id))
    })
  }

  async probe(): Promise<void> {}

  async *buried(): AsyncIterable<DeadLetter> {
    yield* this.#dead.values()
  }

  async exhume(id: string): Promise<void> {
    this.#dead.delete(id)
    this.#failures.delete(id)
    this.#claims.forgetLost(id)
  }

  async forget(id: string): Promise<void> {
    const letter = this.#dead.get(id)
    if (letter && this.#dead.delete(id)) this.#mark(letter.event, { digest: digestOf(letter.event) })
  }

  async keepCopy(event: WebhookEvent): Promise<void> {
    const kept = keptAs(event, this.#clock.now())
    this.#copies.push({ event: { ...kept.event, body: copyOf(kept.event.body)! }, atMs: kept.atMs })
    if (this.#copies.length > KEPT_COPIES.copiesMax) this.#copies.shift()
  }

  async *keptCopies(): AsyncIterable<KeptCopy> {
    yield* this.#copies
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return copyOf(this.#values.get(name))
  }

  async *scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for (const name of startingWith(this.#values.keys(), prefix)) yield [name, copyOf(this.#values.get(name))!]
  }

  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for (const name of startingWith(this.#lists.keys(), prefix)) {
      for (const value of this.#lists.get(name)!) yield [name, copyOf(value)!]
    }
  }

  async close(): Promise<void> {}
}

/** A copy. A Buffer's slice would be a view. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Buffer.from(bytes)
}

function startingWith(names: Iterable<string>, prefix: string): string[] {
  return [...names]
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

const driver: LedgerDriver = {
  open: async (options) => new MemoryLedger(options),
  drop: async () => {},
}
export default driver
