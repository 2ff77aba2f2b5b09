import { encodedBytes } from '../base/codec.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { EffectTransaction, Ledger, Settlement, SqlClient, Tx, Write } from '../contracts/ledger.ts'

/** Limits of what one effect may write. */
export const WRITE_LIMITS = {
  nameBytesMax: 200,
  valueBytesMax: 1024 * 1024,
  writesMax: 1_000,
  bytesMax: 16 * 1024 * 1024,
} as const

/** Limits of one claim or settle call: a ledger does each as a whole, and does nothing else meanwhile. Any one event fits. */
export const CALL_LIMITS = { eventsMax: 1_024, writesMax: 20_000, bytesMax: 32 * 1024 * 1024 } as const

/** What events of one lane have written in one batch and is not settled yet. */
export class PendingWrites {
  /** Made when it is needed: most effects only append. */
  #latest: Map<string, Exclude<Write, { op: 'append' }>[]> | undefined

  add(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.op === 'append') continue
      this.#latest ??= new Map()
      const known = this.#latest.get(write.name)
      // A put hides what came before it.
      if (known && write.op === 'increment') known.push(write)
      else this.#latest.set(write.name, [write])
    }
  }

  /** Whether what is committed does not matter, because the name was put since. */
  hides(name: string): boolean {
    return this.#latest?.get(name)?.[0]?.op === 'put'
  }

  /** The value once these writes are made on top of `below`. */
  on(below: Uint8Array | undefined, name: string): Uint8Array | undefined {
    let value = below
    for (const write of this.#latest?.get(name) ?? []) {
      value = write.op === 'put' ? write.value : incremented(value, write.by)
    }
    return value
  }
}

/** What a transaction reads from. */
export interface Readable {
  readonly ledger: Pick<Ledger, 'read' | 'begin'>
  readonly pending: PendingWrites
}

const NO_WRITES: readonly Write[] = []

/** A transaction that only notes down. A ledger carries the notes out when it settles. Values are copied; a Buffer's slice would be a view. */
export class RecordedTx implements Tx {
  #writes: Write[] | undefined
  readonly attempt: number
  readonly #from: Readable | undefined
  #bytes = 0
  #abort: AbortController | undefined
  #transaction: EffectTransaction | undefined

  /** Absent: nothing is there to read. */
  constructor(from?: Readable, attempt = 1) {
    this.#from = from
    this.attempt = attempt
  }

  get writes(): readonly Write[] {
    return this.#writes ?? NO_WRITES
  }

  put(name: string, value: Uint8Array): void {
    this.#add({ op: 'put', name, value: Buffer.from(value) })
  }

  increment(name: string, by: number): void {
    if (!Number.isSafeInteger(by)) {
      throw new FloodmarkError('misuse', `'${name}' is incremented by ${by}: give a safe integer`)
    }
    this.#add({ op: 'increment', name, by })
  }

  append(name: string, value: Uint8Array): void {
    this.#add({ op: 'append', name, value: Buffer.from(value) })
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    checkName(name)
    const own = new PendingWrites()
    own.add(this.writes)
    const hidden = own.hides(name) || this.#from?.pending.hides(name)
    const committed = hidden ? undefined : await this.#from?.ledger.read(name)
    const value = own.on(this.#from?.pending.on(committed, name), name)
    return value && Buffer.from(value)
  }

  get client(): SqlClient {
    this.#transaction ??= this.#from?.ledger.begin?.()
    if (this.#transaction) return this.#transaction.client
    const how = "open the ledger 'postgres', or keep what belongs together by tx.put"
    throw new FloodmarkError('misuse', `this ledger has no client for statements of an effect's own: ${how}`)
  }

  /** The transaction of an effect that has asked for statements of its own. */
  get transaction(): EffectTransaction | undefined {
    return this.#transaction?.isUsed ? this.#transaction : undefined
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** The try is over, and lost; nobody waits for it any more. */
  end(): void {
    this.#abort?.abort()
    this.#transaction?.undo()
  }

  /** @throws FloodmarkError 'misuse' beyond WRITE_LIMITS. */
  #add(write: Write): void {
    checkName(write.name)
    if (write.op !== 'increment' && write.value.length > WRITE_LIMITS.valueBytesMax) {
      throw new FloodmarkError('misuse', `the value of '${write.name}' is above ${WRITE_LIMITS.valueBytesMax} bytes`)
    }
    if (this.writes.length === WRITE_LIMITS.writesMax) {
      throw new FloodmarkError('misuse', `one effect makes more than ${WRITE_LIMITS.writesMax} writes: split it`)
    }
    this.#bytes += bytesOf(write)
    if (this.#bytes > WRITE_LIMITS.bytesMax) {
      throw new FloodmarkError('misuse', `one effect writes more than ${WRITE_LIMITS.bytesMax} bytes: split it`)
    }
    // Of most effects it is the only one, and an array that grows has room for sixteen.
    if (this.#writes) this.#writes.push(write)
    else this.#writes = [write]
  }
}

function checkName(name: string): void {
  const fits = name.length > 0 && name.length <= WRITE_LIMITS.nameBytesMax && !name.includes('\0')
  if (!fits || Buffer.byteLength(name) > WRITE_LIMITS.nameBytesMax) {
    throw new FloodmarkError(
      'misuse',
      `a name is 1-${WRITE_LIMITS.nameBytesMax} bytes without NUL: '${name.slice(0, 40)}'`,
    )
  }
}

/** A stored number with `by` added, in decimal. A value that is not a number counts as 0. */
export function incremented(stored: Uint8Array | undefined, by: number): Buffer {
  const before = stored === undefined ? 0 : Number(Buffer.from(stored).toString())
  return Buffer.from(String((Number.isNaN(before) ? 0 : before) + by))
}

function bytesOf(write: Write): number {
  return write.name.length + (write.op === 'increment' ? 8 : write.value.length)
}

/** @throws FloodmarkError 'too-large' for more events than one call takes. */
export function checkEvents(count: number): void {
  if (count > CALL_LIMITS.eventsMax) {
    throw new FloodmarkError(
      'too-large',
      `${count} events in one call of the ledger, allowed are ${CALL_LIMITS.eventsMax}`,
    )
  }
}

/** @throws FloodmarkError 'too-large' for more than one settle call takes. */
export function checkSettlements(settlements: readonly Settlement[]): void {
  checkEvents(settlements.length)
  if (partsOf(settlements).length > 1) {
    const { writesMax, bytesMax } = CALL_LIMITS
    const what = `one settle call has more than ${writesMax} writes or ${bytesMax} bytes`
    throw new FloodmarkError('too-large', `${what}: settle fewer events at once`)
  }
}

/** The settlements in order, in as few calls as the limits of one call allow. */
export function partsOf(settlements: readonly Settlement[]): readonly (readonly Settlement[])[] {
  const parts: Settlement[][] = []
  let writes = 0
  let bytes = 0
  for (const settlement of settlements) {
    const own = settlement.result === 'applied' ? settlement.writes : []
    let ownBytes = settlement.result === 'buried' ? encodedBytes(settlement.event) : 0
    for (const write of own) ownBytes += bytesOf(write)
    writes += own.length
    bytes += ownBytes
    const fits = writes <= CALL_LIMITS.writesMax && bytes <= CALL_LIMITS.bytesMax
    const last = parts.at(-1)
    if (last && fits && last.length < CALL_LIMITS.eventsMax) last.push(settlement)
    else {
      parts.push([settlement])
      writes = own.length
      bytes = ownBytes
    }
  }
  return parts
}
