import { decodeDeadLetter, encodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { DeadLetter, Write } from '../../src/core/contracts/ledger.ts'
import { incremented } from '../../src/core/processing/writes.ts'
import { fromU64, itemKey, nameOf, pack, u64, unpack, unseal } from './bytes.ts'
import { type LmdbEnvironment, put } from './environment.ts'
import { pages } from './pages.ts'

/** One transaction sorts in so many records of the log. */
const SORT_RECORDS = 16
const POSITION = Buffer.from('position')
const EVERYTHING = Buffer.alloc(0)

/**
 * What a ledger keeps beside the states of ids: values and items that effects wrote, and dead letters. All that writes runs
 * inside a write transaction of the caller's.
 */
export class Kept {
  readonly #environment: LmdbEnvironment
  /** Grows with every item, dead letter, copy and group of marks: each has a place of its own in its table. */
  #position: number

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment
    const position = environment.root.get(POSITION)
    this.#position = position ? fromU64(unseal(POSITION, position)) : 0
  }

  /** A transaction that takes a position ends with savePosition. */
  takePosition(): number {
    return this.#position++
  }

  savePosition(): void {
    put(this.#environment.root, POSITION, u64(this.#position))
  }

  /** Stores what effects wrote. Items go to the log as one record. */
  store(writes: readonly Write[]): void {
    const items: (string | Uint8Array)[] = []
    for (const write of writes) {
      if (write.op === 'append') {
        items.push(write.name, write.value)
        continue
      }
      const name = Buffer.from(write.name)
      const value = write.op === 'put' ? write.value : incremented(this.value(name), write.by)
      put(this.#environment.values, name, value)
    }
    if (items.length > 0) put(this.#environment.log, u64(this.#position), pack(items))
    this.#position += items.length / 2
  }

  value(name: Buffer): Buffer | undefined {
    const bytes = this.#environment.values.get(name)
    return bytes && unseal(name, bytes)
  }

  async *values(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of pages(this.#environment.values, Buffer.from(prefix))) yield [key.toString(), value]
  }

  /** Those that have been sorted in. */
  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of pages(this.#environment.items, Buffer.from(prefix))) yield [nameOf(key), value]
  }

  /** Moves some of the log into `items`. Returns whether there may be more. Readers pay for this, settle calls do not. */
  sortIn(): boolean {
    const records = [...this.#environment.log.getRange({ limit: SORT_RECORDS })]
    for (const { key, value } of records) {
      let position = fromU64(key)
      const parts = [...unpack(unseal(key, value))]
      for (let at = 0; at < parts.length; at += 2)
        put(this.#environment.items, itemKey(parts[at]!, position++), parts[at + 1]!)
      this.#environment.log.removeSync(key)
    }
    return records.length === SORT_RECORDS
  }

  /** Returns the letter's position. */
  bury(letter: DeadLetter): number {
    put(this.#environment.dead, u64(this.#position), encodeDeadLetter(letter))
    return this.#position++
  }

  async *letters(): AsyncIterable<DeadLetter> {
    for await (const [, value] of pages(this.#environment.dead, EVERYTHING)) yield decodeDeadLetter(value)
  }

  /** Deletes the dead letter of an id, and returns its bytes. @throws FloodmarkError 'corrupt' */
  takeLetter(id: string, position: number): Buffer {
    const key = u64(position)
    const bytes = this.#environment.dead.get(key)
    if (!bytes) throw new FloodmarkError('corrupt', `the dead letter of ${id} is gone: restore the ledger from a copy`)
    this.#environment.dead.removeSync(key)
    return unseal(key, bytes)
  }
}
