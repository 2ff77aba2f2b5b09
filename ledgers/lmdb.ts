import { rm } from 'node:fs/promises'
import { digestOf } from '../src/core/base/copy-digest.ts'
import { decodeDeadLetter } from '../src/core/base/dead-letter.ts'
import { type FolderLock, lockFolder, namespaceFolder } from '../src/core/base/lock.ts'
import { markMsOf } from '../src/core/base/mark-life.ts'
import { covers, duplicateOf, handledNumber, isToRenew, MarkTime } from '../src/core/base/marks.ts'
import { syncedIn } from '../src/core/base/storage.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type Claim,
  type DeadLetter,
  type EventFate,
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
import { checkEvents, checkSettlements } from '../src/core/processing/writes.ts'
import { APPLIED, BURIED, FAILED, pack, u64 } from './lmdb/bytes.ts'
import { type LmdbEnvironment, openEnvironment, put } from './lmdb/environment.ts'
import { HeldIds } from './lmdb/held-ids.ts'
import { Ids } from './lmdb/ids.ts'
import { Kept } from './lmdb/kept.ts'
import { keepCopy, keptCopies } from './lmdb/kept-copies.ts'
import { look } from './lmdb/look.ts'
import { MarkedIds, type Marking } from './lmdb/marked-ids.ts'
import { Transactions } from './lmdb/transactions.ts'

/** One settle call removes at most so many expired groups of marks more than it adds. */
const SWEEP_GROUPS_MAX = 4
/** A probe writes so many bytes: enough to need new pages. */
const PROBE = Buffer.from('probe')
const PROBE_VALUE = Buffer.alloc(64 * 1024)

/**
 * A ledger in one LMDB environment: one process, one writing thread. A settle call is one transaction and resolves after
 * its fdatasync. Claims live in memory: a crash ends the handlers that held them, and the claims with them. A file tells
 * the next opening what was in hand (held-ids.ts).
 */
class LmdbLedger implements Ledger {
  readonly traits
  readonly #environment: LmdbEnvironment
  readonly #ids: Ids
  readonly #kept: Kept
  readonly #transactions: Transactions
  readonly #claims: Claims
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #time: MarkTime
  readonly #lock: FolderLock
  readonly #heldIds: HeldIds
  #closed: Promise<void> | undefined

  constructor(folder: string, options: LedgerOpenOptions, lock: FolderLock) {
    this.#lock = lock
    this.#clock = options.clock ?? systemClock
    this.#ttlMs = options.ttlMs ?? MARK_TTL_MS
    this.#claims = new Claims(this.#clock)
    this.#time = new MarkTime(this.#clock)
    const { survives, note } = syncedIn(folder)
    this.traits = {
      name: 'lmdb',
      server: `LMDB in this process, fdatasync before settle resolves${note}`,
      survives,
      dataFolders: [folder],
      shared: false,
      ttlMs: this.#ttlMs,
    } as const
    this.#environment = openEnvironment(folder)
    this.#ids = new Ids(this.#environment)
    this.#kept = new Kept(this.#environment)
    this.#transactions = new Transactions(this.#environment, lock)
    this.#heldIds = new HeldIds(folder)
    // Of something older the marks may be gone.
    if (this.#clock.now() - this.#heldIds.left.atMs < this.#ttlMs / 2) this.#ids.countLost(this.#heldIds.left)
    this.#heldIds.write([], 0)
  }

  async claim(events: Parameters<Ledger['claim']>[0], leaseMs: number): Promise<readonly Claim[]> {
    return this.#claim(events, leaseMs, SUSPECT_LOST_TRIES)
  }

  async claimAlone(event: WebhookEvent, leaseMs: number): Promise<Claim> {
    return (await this.#claim([event], leaseMs, Number.POSITIVE_INFINITY))[0]!
  }

  async #claim(events: readonly WebhookEvent[], leaseMs: number, suspectAt: number): Promise<readonly Claim[]> {
    checkEvents(events.length)
    const now = this.#clock.now()
    const believed = this.#time.believed()
    const renewed: Marking[] = []
    let isAnyNew = false
    const claims = events.map((event): Claim => {
      const { id } = event
      if (this.#claims.busy(id)) return { state: 'busy' }
      const key = Buffer.from(id)
      const state = this.#ids.stateOf(key)
      if (state?.kind === BURIED) return duplicateOf(state.digest, event)
      if (state?.kind === APPLIED && covers(state.value, believed, event)) {
        const { value: endsMs, digest } = state
        if (isToRenew(endsMs, now, markMsOf(event, this.#ttlMs))) renewed.push({ ...state, event, key, digest })
        return duplicateOf(digest, event)
      }
      const failed = state?.kind === FAILED ? state : undefined
      const lostTries = this.#claims.lostTries(id) + (failed?.lostTries ?? 0)
      if (lostTries >= suspectAt) return { state: 'suspect' }
      const { value: failures = 0, sinceMs = now } = failed ?? {}
      isAnyNew = true
      const fence = this.#claims.take(id, leaseMs, failures)
      return { state: 'new', fence, failures, failingForMs: now - sinceMs, lostTries }
    })
    try {
      if (isAnyNew) this.#heldIds.write([...this.#claims.ids], now)
      if (renewed.length > 0) await this.#transactions.run(() => this.#renew(renewed))
    } catch (error) {
      for (const [at, claim] of claims.entries()) if (claim.state === 'new') this.#claims.give(events[at]!.id)
      throw error
    }
    return claims
  }

  #renew(markings: readonly Marking[]): void {
    const marked = new MarkedIds(this.#time.latest(), this.#ttlMs)
    for (const marking of markings) this.#mark(marking, marked)
    this.#expire(marked)
    this.#kept.savePosition()
  }

  #mark({ event, key, digest, handled = 0, settledMs = 0 }: Marking, marked: MarkedIds): void {
    this.#ids.set(key, { kind: APPLIED, value: marked.add(event, key), digest, handled, settledMs })
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    // The fence is checked here, before the transaction. From now on nobody else can take these ids until they are given back.
    const held = this.#claims.settleAll(settlements)
    // Marks and letters tell by themselves that they were settled.
    let isNoted = settlements.every(({ result }) => result === 'applied' || result === 'buried')
    try {
      checkSettlements(settlements)
      return await this.#transactions.run(() => this.#store(settlements, held))
    } catch (error) {
      isNoted = false
      throw error
    } finally {
      for (const [at, { event }] of settlements.entries()) if (held[at] !== undefined) this.#claims.give(event.id)
      if (!isNoted) this.#heldIds.tryWrite([...this.#claims.ids], this.#clock.now())
    }
  }

  async lookup(ids: readonly string[]): Promise<readonly EventFate[]> {
    const believed = this.#time.believed()
    return ids.map((id) => this.#ids.fateOf(id, believed, this.#claims.busy(id) ? 'busy' : this.#claims.lostTries(id)))
  }

  async probe(): Promise<void> {
    await this.#transactions.run(() => put(this.#environment.root, PROBE, PROBE_VALUE))
  }

  /** Runs inside the write transaction. `held`: the failures so far of each event whose claim is held. */
  #store(settlements: readonly Settlement[], held: readonly (number | undefined)[]): Settled[] {
    const now = this.#clock.now()
    const marked = new MarkedIds(this.#time.latest(), this.#ttlMs)
    const writes: Write[] = []
    const settled = settlements.map((settlement, at): Settled => {
      const before = held[at]
      if (before === undefined) return { held: false, failures: 0 }
      if (settlement.result === 'released') return { held: true, failures: before }
      const { event } = settlement
      this.#claims.forgetLost(event.id)
      const key = Buffer.from(event.id)
      if (settlement.result === 'applied') {
        for (const write of settlement.writes) writes.push(write)
        const what = { digest: digestOf(event), handled: handledNumber(settlement.handled), settledMs: now }
        this.#mark({ event, key, ...what }, marked)
        return { held: true, failures: before }
      }
      const failures = before + 1
      if (settlement.result === 'buried') {
        const value = this.#kept.bury({ ...settlement, failures, atMs: now })
        this.#ids.set(key, { kind: BURIED, value, digest: digestOf(event) })
      } else {
        const known = this.#ids.stateOf(key)
        const sinceMs = (known?.kind === FAILED && known.sinceMs) || now
        this.#ids.set(key, { kind: FAILED, value: failures, sinceMs })
      }
      return { held: true, failures }
    })
    this.#expire(marked)
    this.#kept.store(writes)
    this.#ids.sweep(this.#time.sweptBefore(settlements), SWEEP_GROUPS_MAX + marked.byEnd.size)
    this.#kept.savePosition()
    return settled
  }

  #expire({ byEnd }: MarkedIds): void {
    for (const [atMs, ids] of byEnd) {
      put(this.#environment.expiries, Buffer.concat([u64(atMs), u64(this.#kept.takePosition())]), pack(ids))
    }
  }

  buried(): AsyncIterable<DeadLetter> {
    return this.#kept.letters()
  }

  async exhume(id: string): Promise<void> {
    await this.#transactions.run(() => {
      if (this.#takeLetter(id)) this.#environment.ids.removeSync(Buffer.from(id))
    })
    this.#claims.forgetLost(id)
  }

  async forget(id: string): Promise<void> {
    await this.#transactions.run(() => {
      const letter = this.#takeLetter(id)
      if (!letter) return
      const { event } = decodeDeadLetter(letter)
      this.#renew([{ event, key: Buffer.from(id), digest: digestOf(event) }])
    })
  }

  /** The letter of an id, which is now deleted; undefined where there was none. */
  #takeLetter(id: string): Buffer | undefined {
    const state = this.#ids.stateOf(Buffer.from(id))
    return state?.kind === BURIED ? this.#kept.takeLetter(id, state.value) : undefined
  }

  async keepCopy(event: WebhookEvent): Promise<void> {
    const now = this.#clock.now()
    await this.#transactions.run(() => {
      keepCopy(this.#environment.copies, this.#kept.takePosition(), event, now)
      this.#kept.savePosition()
    })
  }

  keptCopies(): AsyncIterable<KeptCopy> {
    return keptCopies(this.#environment.copies)
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const value = this.#kept.value(Buffer.from(name))
    return value && Buffer.from(value)
  }

  scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#kept.values(prefix)
  }

  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for (let more = true; more; ) more = await this.#transactions.run(() => this.#kept.sortIn())
    yield* this.#kept.items(prefix)
  }

  close(): Promise<void> {
    this.#closed ??= this.#transactions
      .ended()
      .then(() => this.#heldIds.close())
      .then(() => this.#environment.root.close())
      .then(() => this.#lock.release())
    return this.#closed
  }
}

const driver: LedgerDriver = {
  async open(options) {
    const folder = namespaceFolder(options)
    const lock = lockFolder(folder)
    try {
      return new LmdbLedger(folder, options, lock)
    } catch (cause) {
      lock.release()
      if (cause instanceof FloodmarkError) throw cause
      throw new FloodmarkError('unavailable', `cannot open the ledger in ${folder}: ${messageOf(cause)}`, { cause })
    }
  },
  look,
  async drop(options) {
    const folder = namespaceFolder(options)
    const lock = lockFolder(folder)
    await rm(folder, { recursive: true, force: true })
    lock.release()
  },
}
export default driver
