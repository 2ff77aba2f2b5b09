import type { Redis } from 'ioredis'
import type { RedisConnection } from '../../src/clients/redis/connection.ts'
import { decodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import type { DeadLetter, KeptCopy } from '../../src/core/contracts/ledger.ts'

const PAGE_ITEMS = 512

/** What a ledger in Redis has stored: dead letters, copies that differed, values and items. Nothing is changed by reading. */
export class RedisReading {
  readonly #connection: RedisConnection
  readonly #prefix: string
  readonly #callMs: number

  constructor(connection: RedisConnection, prefix: string, callMs: number) {
    this.#connection = connection
    this.#prefix = prefix
    this.#callMs = callMs
  }

  async *buried(): AsyncIterable<DeadLetter> {
    for (let after = '-inf'; ; ) {
      const page = await this.#ask((redis) =>
        redis.zrangebyscore(`${this.#prefix}deaths`, `(${after}`, '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE_ITEMS),
      )
      const ids = page.filter((_, at) => at % 2 === 0)
      if (ids.length === 0) return
      for (const letter of await this.#ask((redis) => redis.hmgetBuffer(`${this.#prefix}dead`, ...ids))) {
        if (letter) yield decodeDeadLetter(letter)
      }
      after = page.at(-1)!
    }
  }

  async *keptCopies(): AsyncIterable<KeptCopy> {
    for (const letter of await this.#ask((redis) => redis.lrangeBuffer(`${this.#prefix}copies`, 0, -1))) {
      const { event, atMs } = decodeDeadLetter(letter)
      yield { event, atMs }
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.#ask((redis) => redis.hgetBuffer(`${this.#prefix}values`, name))) ?? undefined
  }

  async *scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const names of this.#names('names', prefix)) {
      const values = await this.#ask((redis) => redis.hmgetBuffer(`${this.#prefix}values`, ...names))
      for (const [at, name] of names.entries()) yield [name, values[at]!]
    }
  }

  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const names of this.#names('lists', prefix)) {
      for (const name of names) {
        for (let from = 0; ; from += PAGE_ITEMS) {
          const key = `${this.#prefix}list:${name}`
          const items = await this.#ask((redis) => redis.lrangeBuffer(key, from, from + PAGE_ITEMS - 1))
          for (const item of items) yield [name, item]
          if (items.length < PAGE_ITEMS) break
        }
      }
    }
  }

  /** Sorted names with a prefix, a page at a time. */
  async *#names(set: 'names' | 'lists', prefix: string): AsyncIterable<readonly string[]> {
    for (let start = `[${prefix}`; ; ) {
      const page = await this.#ask((redis) => redis.zrangebylex(this.#prefix + set, start, '+', 'LIMIT', 0, PAGE_ITEMS))
      const names = page.filter((name) => name.startsWith(prefix))
      if (names.length > 0) yield names
      if (names.length < PAGE_ITEMS) return
      start = `(${names.at(-1)}`
    }
  }

  #ask<T>(call: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#connection.repeat(this.#callMs, call)
  }
}
