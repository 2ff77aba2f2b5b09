import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { Claims } from '../src/core/claims.ts'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { decode, encode } from '../src/core/codec.ts'
import { FloodmarkError, messageOf } from '../src/core/errors.ts'
import {
  type Claim,
  type DeadLetter,
  type Ledger,
  type LedgerDriver,
  type LedgerOpenOptions,
  MARK_TTL_MS,
  type Settled,
  type Settlement,
  type Write,
} from '../src/core/ledger.ts'
import { lockFolder, namespaceFolder } from '../src/core/lock.ts'

type Table = Database<Buffer, Buffer>

/** Room for the memory map, bytes: address space, not disk. Beyond it settle rejects as 'unavailable'. */
const MAP_BYTES = 64 * 1024 ** 3
/** Expired groups of marks that one settle call removes at most; each group is one earlier settle call's. */
const SWEEP_GROUPS_MAX = 4
const PAGE_ITEMS = 512

/**
 * A ledger in one LMDB environment: one process, one writing thread. A settle call is one transaction and resolves
 * after its fdatasync. Claims live in memory: a crash takes the handlers that held them along.
 */
class LmdbLedger implements Ledger {
  readonly traits
  readonly #root: RootDatabase<Buffer, Buffer>
  /** id → when the mark runs out, f64 ms; Infinity for a dead letter's. */
  readonly #marks: Table
  /** u64 time of expiry, u64 position → the ids that one settle call marked, each with a u16 length before it. */
  readonly #expiries: Table
  readonly #failures: Table
  readonly #values: Table
  /** name NUL u64 position → item. Positions grow over the whole ledger, so that an append reads nothing. */
  readonly #items: Table
  /** u64 position → f64 atMs, u32 failures, u16 length of the reason, reason, event. */
  readonly #dead: Table
  readonly #claims: Claims
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #unlock: () => void
  #position: number
  readonly #running = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  constructor(folder: string, options: LedgerOpenOptions, unlock: () => void) {
    this.#unlock = unlock
    this.#clock = options.clock ?? systemClock
    this.#ttlMs = options.ttlMs ?? MARK_TTL_MS
    this.#claims = new Claims(this.#clock)
    this.#root = open({
      path: join(folder, 'ledger.mdb'),
      mapSize: MAP_BYTES,
      encoding: 'binary',
      keyEncoding: 'binary',
    })
    const table = (name: string): Table => this.#root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
    this.#marks = table('marks')
    this.#expiries = table('expiries')
    this.#failures = table('failures')
    this.#values = table('values')
    this.#items = table('items')
    this.#dead = table('dead')
    this.#position = Number(this.#root.get(POSITION)?.readDoubleLE() ?? 0)
    this.traits = {
      name: 'lmdb',
      server: 'LMDB in this process, fdatasync before settle resolves',
      survives: ['receiver-crash', 'broker-crash', 'power-loss'],
      shared: false,
    } as const
  }

  async claim(events: Parameters<Ledger['claim']>[0], leaseMs: number): Promise<readonly Claim[]> {
    const now = this.#clock.now()
    return events.map(({ id }) => {
      if (this.#claims.busy(id)) return { state: 'busy' }
      const key = Buffer.from(id)
      const mark = this.#marks.get(key)
      if (mark && mark.readDoubleLE() > now) return { state: 'duplicate' }
      const failures = this.#failures.get(key)?.readUInt32LE() ?? 0
      return { state: 'new', fence: this.#claims.take(id, leaseMs), failures }
    })
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    // The fence is checked here, before the transaction: from now on nobody else can take these ids until they are given back.
    const held = settlements.map(({ event, fence }) => this.#claims.settle(event.id, fence))
    // A child transaction is undone as a whole when anything in it throws; a plain one would keep what came before.
    const storing = this.#root.childTransaction(() => this.#store(settlements, held))
    this.#running.add(storing)
    try {
      return await storing
    } catch (cause) {
      throw new FloodmarkError('unavailable', `the ledger could not store: ${messageOf(cause)}`, { cause })
    } finally {
      this.#running.delete(storing)
      for (const [at, { event }] of settlements.entries()) if (held[at]) this.#claims.give(event.id)
    }
  }

  /** Inside the write transaction. */
  #store(settlements: readonly Settlement[], held: readonly boolean[]): Settled[] {
    const now = this.#clock.now()
    const expiresAt = now + this.#ttlMs
    const marked: Buffer[] = []
    const settled = settlements.map((settlement, at): Settled => {
      const key = Buffer.from(settlement.event.id)
      const before = this.#failures.get(key)?.readUInt32LE() ?? 0
      if (!held[at] || settlement.result === 'released') return { held: held[at]!, failures: before }
      if (settlement.result === 'applied') {
        for (const write of settlement.writes) this.#write(write)
        this.#marks.putSync(key, f64(expiresAt))
        if (before > 0) this.#failures.removeSync(key)
        marked.push(key)
        return { held: true, failures: before }
      }
      const failures = before + 1
      this.#failures.putSync(key, u32(failures))
      if (settlement.result === 'buried') {
        this.#marks.putSync(key, f64(Number.POSITIVE_INFINITY))
        this.#dead.putSync(u64(this.#position++), encodeDead({ ...settlement, failures, atMs: now }))
      }
      return { held: true, failures }
    })
    if (marked.length > 0)
      this.#expiries.putSync(Buffer.concat([u64(expiresAt), u64(this.#position++)]), packIds(marked))
    this.#sweep(now)
    this.#root.putSync(POSITION, f64(this.#position))
    return settled
  }

  #write(write: Write): void {
    const name = Buffer.from(write.name)
    if (write.op === 'put') this.#values.putSync(name, Buffer.from(write.value))
    else if (write.op === 'append') this.#items.putSync(itemKey(name, this.#position++), Buffer.from(write.value))
    else {
      const value = Number(this.#values.get(name)?.toString() ?? 0) + write.by
      this.#values.putSync(name, Buffer.from(String(value)))
    }
  }

  /** Bounded work: some of the oldest groups of marks, where they have run out. */
  #sweep(now: number): void {
    const expired = [...this.#expiries.getRange({ end: u64(now), limit: SWEEP_GROUPS_MAX })]
    for (const { key, value } of expired) {
      for (const id of unpackIds(value)) {
        // The id may have been marked anew since: then a later group holds it.
        if ((this.#marks.get(id)?.readDoubleLE() ?? Number.POSITIVE_INFINITY) <= now) this.#marks.removeSync(id)
      }
      this.#expiries.removeSync(key)
    }
  }

  async *buried(): AsyncIterable<DeadLetter> {
    for await (const [, value] of pages(this.#dead, Buffer.alloc(0))) yield decodeDead(value)
  }

  async exhume(id: string): Promise<void> {
    for await (const [key, value] of pages(this.#dead, Buffer.alloc(0))) {
      if (decodeDead(value).event.id !== id) continue
      await this.#root.transaction(() => {
        this.#dead.removeSync(key)
        this.#marks.removeSync(Buffer.from(id))
        this.#failures.removeSync(Buffer.from(id))
      })
      return
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const value = this.#values.get(Buffer.from(name))
    return value && Buffer.from(value)
  }

  async *scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of pages(this.#values, Buffer.from(prefix))) yield [key.toString(), value]
  }

  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of pages(this.#items, Buffer.from(prefix))) {
      yield [key.toString('utf8', 0, key.length - 9), value]
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running)
      .then(() => this.#root.close())
      .then(this.#unlock)
    return this.#closed
  }
}

const POSITION = Buffer.from('position')

function f64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
/** Big endian, so that keys sort by number. */
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(Math.ceil(value)))
  return bytes
}
function itemKey(name: Buffer, position: number): Buffer {
  const key = Buffer.alloc(name.length + 9)
  name.copy(key)
  key.writeUIntBE(Math.floor(position / 2 ** 32), name.length + 1, 4)
  key.writeUInt32BE(position >>> 0, name.length + 5)
  return key
}
function packIds(ids: readonly Buffer[]): Buffer {
  return Buffer.concat(ids.flatMap((id) => [Buffer.from([id.length >>> 8, id.length & 255]), id]))
}
function* unpackIds(packed: Buffer): Generator<Buffer> {
  for (let at = 0; at < packed.length; ) {
    const length = packed.readUInt16BE(at)
    yield Buffer.from(packed.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
}

function encodeDead(letter: DeadLetter): Buffer {
  const reason = Buffer.from(letter.reason)
  const head = Buffer.alloc(14)
  head.writeDoubleLE(letter.atMs, 0)
  head.writeUInt32LE(letter.failures, 8)
  head.writeUInt16LE(reason.length, 12)
  return Buffer.concat([head, reason, encode(letter.event)])
}
function decodeDead(bytes: Buffer): DeadLetter {
  const eventAt = 14 + bytes.readUInt16LE(12)
  return {
    atMs: bytes.readDoubleLE(0),
    failures: bytes.readUInt32LE(8),
    reason: bytes.toString('utf8', 14, eventAt),
    event: decode(bytes.subarray(eventAt)),
  }
}

/** Entries whose key starts with the prefix, a page at a time, each page a read transaction of its own; copies. */
async function* pages(table: Table, prefix: Buffer): AsyncIterable<readonly [Buffer, Buffer]> {
  let start = prefix
  for (;;) {
    const page = [...table.getRange({ start, limit: PAGE_ITEMS })].map(
      ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
    )
    for (const entry of page) {
      if (!entry[0].subarray(0, prefix.length).equals(prefix)) return
      yield entry
    }
    if (page.length < PAGE_ITEMS) return
    start = Buffer.concat([page.at(-1)![0], Buffer.alloc(1)])
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const driver: LedgerDriver = {
  async open(options) {
    const folder = namespaceFolder(options)
    const unlock = lockFolder(folder)
    try {
      return new LmdbLedger(folder, options, unlock)
    } catch (cause) {
      unlock()
      throw new FloodmarkError('unavailable', `cannot open the ledger in ${folder}: ${messageOf(cause)}`, { cause })
    }
  },
  async drop(options) {
    const folder = namespaceFolder(options)
    const unlock = lockFolder(folder)
    await rm(folder, { recursive: true, force: true })
    unlock()
  },
}
export default driver
