import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { DEAD_LETTER_HEAD_BYTES, decodeDeadLetter, encodeDeadLetter } from '../src/core/base/dead-letter.ts'
import { namespaceFolder } from '../src/core/base/lock.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../src/core/contracts/errors.ts'
import {
  type Claim,
  type DeadLetter,
  type Ledger,
  type LedgerDriver,
  type LedgerOpenOptions,
  MARK_TTL_MS,
  type Settled,
  type Settlement,
} from '../src/core/contracts/ledger.ts'
import { checkEvents, checkSettlements } from '../src/core/processing/writes.ts'
import { Link } from './redis/link.ts'
import { type Script, scripts } from './redis/scripts.ts'
import { ask, judge, type Server } from './redis/server.ts'

const CONNECT_MS = 5_000
const RECONNECT_MS_MAX = 500
const PAGE_ITEMS = 512

/**
 * A ledger in a Redis that processes share; one script does each claim and each settle call as a whole. Leases run by
 * the server's clock, so that the processes need not agree on the time. A clock given to open() takes its place: then
 * every process must be given the same one.
 */
class RedisLedger implements Ledger {
  readonly traits
  readonly #link: Link
  readonly #prefix: string
  readonly #now: () => string
  readonly #ttlMs: string
  /** Names every call of this process, so that one that is sent twice can be told from two. */
  readonly #session = randomBytes(6).toString('base64url')
  #calls = 0

  constructor(link: Link, prefix: string, options: LedgerOpenOptions, server: Server) {
    const { clock, ttlMs = MARK_TTL_MS } = options
    this.#link = link
    this.#prefix = prefix
    this.#now = clock ? () => String(clock.now()) : () => ''
    this.#ttlMs = String(ttlMs)
    this.traits = { name: 'redis', server: server.text, survives: server.survives, shared: true } as const
  }

  async claim(events: Parameters<Ledger['claim']>[0], leaseMs: number): Promise<readonly Claim[]> {
    checkEvents(events.length)
    const reply = await this.#run(scripts.claim, [...this.#call(), String(leaseMs), ...events.map(({ id }) => id)])
    return events.map((_, at) => {
      const fence = reply[at * 2]!
      if (fence > 0) return { state: 'new', fence, failures: reply[at * 2 + 1]! }
      return { state: fence === 0 ? 'duplicate' : 'busy' }
    })
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    try {
      checkSettlements(settlements)
      const reply = await this.#run(scripts.settle, [...this.#call(), ...settlements.flatMap(pack)])
      return settlements.map((_, at) => ({ held: reply[at * 2] === 1, failures: reply[at * 2 + 1]! }))
    } catch (error) {
      this.#giveBack(settlements)
      throw error
    }
  }

  /** As soon as the server answers; if that is too late, the claims run out. A settle call that arrives first wins. */
  #giveBack(settlements: readonly Settlement[]): void {
    const released = settlements.flatMap(({ event, fence }) => pack({ event, fence, result: 'released' }))
    this.#run(scripts.settle, [...this.#call(), ...released]).catch(() => {})
  }

  /** What every script is told first: time, how long a mark is kept, the call's own token. */
  #call(): string[] {
    return [this.#now(), this.#ttlMs, `${this.#session}.${(++this.#calls).toString(36)}`]
  }

  #run(script: Script, args: readonly (string | Buffer)[]): Promise<number[]> {
    return this.#link.call(async (redis) => {
      try {
        return (await redis.evalsha(script.sha, 1, this.#prefix, ...args)) as number[]
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error
        return (await redis.eval(script.source, 1, this.#prefix, ...args)) as number[]
      }
    })
  }

  async *buried(): AsyncIterable<DeadLetter> {
    for (let after = '-inf'; ; ) {
      const page = await this.#link.call((redis) =>
        redis.zrangebyscore(`${this.#prefix}deaths`, `(${after}`, '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE_ITEMS),
      )
      const ids = page.filter((_, at) => at % 2 === 0)
      if (ids.length === 0) return
      for (const letter of await this.#link.call((redis) => redis.hmgetBuffer(`${this.#prefix}dead`, ...ids))) {
        if (letter) yield decodeDeadLetter(letter)
      }
      after = page.at(-1)!
    }
  }

  async exhume(id: string): Promise<void> {
    await this.#run(scripts.exhume, [id])
  }

  async forget(id: string): Promise<void> {
    await this.#run(scripts.forget, [...this.#call(), id])
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.#link.call((redis) => redis.hgetBuffer(`${this.#prefix}values`, name))) ?? undefined
  }

  async *scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const names of this.#names('names', prefix)) {
      const values = await this.#link.call((redis) => redis.hmgetBuffer(`${this.#prefix}values`, ...names))
      for (const [at, name] of names.entries()) yield [name, values[at]!]
    }
  }

  async *items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const names of this.#names('lists', prefix)) {
      for (const name of names) {
        for (let from = 0; ; from += PAGE_ITEMS) {
          const key = `${this.#prefix}list:${name}`
          const items = await this.#link.call((redis) => redis.lrangeBuffer(key, from, from + PAGE_ITEMS - 1))
          for (const item of items) yield [name, item]
          if (items.length < PAGE_ITEMS) break
        }
      }
    }
  }

  /** Sorted names with a prefix, a page at a time. */
  async *#names(set: 'names' | 'lists', prefix: string): AsyncIterable<readonly string[]> {
    for (let start = `[${prefix}`; ; ) {
      const page = await this.#link.call((redis) =>
        redis.zrangebylex(this.#prefix + set, start, '+', 'LIMIT', 0, PAGE_ITEMS),
      )
      const names = page.filter((name) => name.startsWith(prefix))
      if (names.length > 0) yield names
      if (names.length < PAGE_ITEMS) return
      start = `(${names.at(-1)}`
    }
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}

const RESULTS = { applied: 'a', failed: 'f', buried: 'b', released: 'r' } as const
const OPS = { put: 'p', increment: 'i', append: 'a' } as const

/** A settlement as the script reads it. */
function pack(settlement: Settlement): (string | Buffer)[] {
  const { event, fence, result } = settlement
  const writes = result === 'applied' ? settlement.writes : []
  const letter = result === 'buried' ? encodeDeadLetter({ ...settlement, failures: 0, atMs: 0 }) : undefined
  const args = [event.id, event.key, String(fence), RESULTS[result], letter?.subarray(DEAD_LETTER_HEAD_BYTES) ?? '']
  args.push(String(writes.length))
  for (const write of writes) {
    const value = write.op === 'increment' ? String(write.by) : asBuffer(write.value)
    args.push(OPS[write.op], write.name, value)
  }
  return args
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function connect(url: string): Promise<{ redis: Redis; address: string }> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^rediss?:$/.test(parsed.protocol)) {
    throw new FloodmarkError('misuse', 'the redis ledger needs a URL like redis://127.0.0.1:6379')
  }
  const client = await import('ioredis').catch((cause) => {
    throw new FloodmarkError('misuse', 'the redis ledger needs its client: npm install ioredis', { cause })
  })
  const address = parsed.host
  const redis = new client.Redis(url, {
    lazyConnect: true,
    protocol: 2,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    connectTimeout: CONNECT_MS,
    retryStrategy: (times: number) => Math.min(times * 50, RECONNECT_MS_MAX),
  })
  let why: unknown
  redis.on('error', (error) => {
    why = error
  })
  try {
    await redis.connect()
  } catch (cause) {
    redis.disconnect()
    const reason = messageOf(why ?? cause)
    throw new FloodmarkError('unavailable', `cannot reach redis at ${address}: ${reason}. Is it running?`, { cause })
  }
  return { redis, address }
}

function prefixOf(namespace: string): string {
  return `floodmark:{${namespaceFolder({ url: '', namespace })}}:ledger:`
}

const driver: LedgerDriver = {
  server: 'redis',
  async open(options) {
    const prefix = prefixOf(options.namespace)
    const { redis, address } = await connect(options.url)
    const link = new Link(redis, options.clock ?? systemClock, address)
    try {
      return new RedisLedger(link, prefix, options, judge(await link.call(ask)))
    } catch (error) {
      await link.close()
      throw error
    }
  },
  async drop({ url, namespace }) {
    const prefix = prefixOf(namespace)
    const { redis, address } = await connect(url)
    const link = new Link(redis, systemClock, address)
    let cursor = '0'
    do {
      const [next, keys] = await link.call((client) => client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', PAGE_ITEMS))
      if (keys.length > 0) await link.call((client) => client.unlink(...keys))
      cursor = next
    } while (cursor !== '0')
    await link.close()
  },
}
export default driver
