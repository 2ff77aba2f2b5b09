import { randomBytes } from 'node:crypto'
import type { RedisConnection } from '../src/clients/redis/connection.ts'
import { deleteKeys } from '../src/clients/redis/delete-keys.ts'
import { type JudgedRedis, openRedis } from '../src/clients/redis/facts.ts'
import { redisQuotas } from '../src/clients/redis/memory-bytes.ts'
import { runScript, type Script } from '../src/clients/redis/script.ts'
import { decodeDeadLetter, encodeDeadLetter, keptAs } from '../src/core/base/dead-letter.ts'
import { markMsOf } from '../src/core/base/mark-life.ts'
import { duplicateOf, MarkTime } from '../src/core/base/marks.ts'
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
  type LedgerTraits,
  MARK_TTL_MS,
  type MarkMemory,
  type Settled,
  type Settlement,
  SUSPECT_LOST_TRIES,
} from '../src/core/contracts/ledger.ts'
import { checkNamespace } from '../src/core/contracts/namespace.ts'
import { checkEvents, checkSettlements } from '../src/core/processing/writes.ts'
import { fatesOf } from './redis/fates.ts'
import { pack } from './redis/packing.ts'
import { RedisReading } from './redis/reading.ts'
import { scripts } from './redis/scripts.ts'

/** No call takes longer than so many ms, whatever the network does. */
const CALL_MS = 5_000
/** A probe writes so many bytes, and they stay for so many ms. */
const PROBE_VALUE = Buffer.alloc(4_096)
const PROBE_KEPT_MS = 60_000
/** A mark as most are, under a name that no event has. */
const SAMPLE = {
  key: 'mark:stripe:evt_1MqqbKLt4dXK03v5qaIbiNCC',
  value: 'm 1767225600000000 1767484800000 0 AbCdEfGh.1z 4294967295',
}
/** A key that ends by itself is in a second table of the server too. MEMORY USAGE leaves out both tables' places for it: seen, 65. */
const TABLE_BYTES = 64

/**
 * A ledger in a Redis that several processes share. One script does each claim, and each settle call, as a whole. Leases run
 * by the server's clock, so the processes need not agree on the time. A clock given to open() replaces it. Then every
 * process must get the same clock.
 */
class RedisLedger implements Ledger {
  readonly traits: LedgerTraits
  readonly #connection: RedisConnection
  readonly #reading: RedisReading
  readonly #prefix: string
  readonly #now: () => string
  readonly #ttlMs: number
  readonly #kept: string
  readonly #time: MarkTime
  /** Names every call of this process, so that a call sent twice can be told from two calls. */
  readonly #session = randomBytes(6).toString('base64url')
  #calls = 0

  constructor(
    redis: JudgedRedis,
    prefix: string,
    options: LedgerOpenOptions,
    asked: { readonly nowMs: number; readonly markMemory: MarkMemory | undefined },
  ) {
    const { clock, ttlMs = MARK_TTL_MS, keptMs } = options
    this.#connection = redis.connection
    this.#prefix = prefix
    this.#reading = new RedisReading(redis.connection, prefix, CALL_MS)
    this.#now = clock ? () => String(clock.now()) : () => ''
    this.#ttlMs = ttlMs
    this.#kept = keptMs === undefined ? '' : `:${keptMs}`
    this.#time = new MarkTime(clock ?? systemClock, clock ? clock.now() : asked.nowMs)
    const { folder } = redis.facts
    this.traits = {
      name: 'redis',
      ...(folder && { dataFolders: [folder] }),
      ...(asked.markMemory && { markMemory: asked.markMemory }),
      shared: true,
      ttlMs,
      get server() {
        return redis.facts.text
      },
      get survives() {
        return redis.facts.survives
      },
    }
  }

  async claim(events: Parameters<Ledger['claim']>[0], leaseMs: number): Promise<readonly Claim[]> {
    checkEvents(events.length)
    return this.#claim(events, leaseMs, String(SUSPECT_LOST_TRIES))
  }

  async claimAlone(event: WebhookEvent, leaseMs: number): Promise<Claim> {
    return (await this.#claim([event], leaseMs, 'inf'))[0]!
  }

  async #claim(events: readonly WebhookEvent[], leaseMs: number, suspectAt: string): Promise<Claim[]> {
    const reply = await this.#run(scripts.claim, [
      ...this.#call(),
      String(leaseMs),
      suspectAt,
      ...events.flatMap((event) => [event.id, this.#receivedOf(event)]),
    ])
    const claims = events.map((event, at) => claimOf(event, reply[at]!))
    for (let at = events.length; at < reply.length; at += 4) {
      const [place, failures, failingForMs, lostTries] = reply.slice(at, at + 4) as [number, number, number, number]
      const claim = claims[place]!
      if (claim.state === 'new') claims[place] = { ...claim, failures, failingForMs, lostTries }
    }
    return claims
  }

  #receivedOf(event: WebhookEvent): string {
    const life = this.#lifeOf(event)
    return `${Math.floor(event.receivedAtMs)}${life === '' ? '' : `:${life}`}`
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    try {
      checkSettlements(settlements)
      const reply = await this.#run(scripts.settle, [
        ...this.#call(),
        ...settlements.flatMap((one) => pack(one, this.#lifeOf(one.event))),
      ])
      return settlements.map((_, at) => ({ held: reply[at * 2] === 1, failures: reply[at * 2 + 1]! }))
    } catch (error) {
      this.#giveBack(settlements)
      throw error
    }
  }

  /** Gives the claims back as soon as the server answers. Before that they may run out. A settle call that arrives first wins. */
  #giveBack(settlements: readonly Settlement[]): void {
    const released = settlements.flatMap(({ event, fence }) => pack({ event, fence, result: 'released' }, ''))
    this.#run(scripts.settle, [...this.#call(), ...released]).catch(() => {})
  }

  /**
   * The first arguments of every script: the time, how long a mark is kept and, behind ':', everything; the call's token, the earliest
   * time for a mark's end.
   */
  #call(): string[] {
    const token = `${this.#session}.${(++this.#calls).toString(36)}`
    return [this.#now(), `${this.#ttlMs}${this.#kept}`, token, String(Math.floor(this.#time.steady()))]
  }

  /** How long the event's mark is kept, where that is not as long as every mark. */
  #lifeOf(event: WebhookEvent): string {
    const lifeMs = markMsOf(event, this.#ttlMs)
    return lifeMs === this.#ttlMs ? '' : String(lifeMs)
  }

  #run(script: Script, args: readonly (string | Buffer)[]): Promise<number[]> {
    return this.#connection.repeat(CALL_MS, (redis) => runScript<number[]>(redis, script, [this.#prefix], args))
  }

  async lookup(ids: readonly string[]): Promise<readonly EventFate[]> {
    if (ids.length === 0) return []
    const believed = this.#time.believed()
    const states = await this.#connection.repeat(CALL_MS, (redis) =>
      redis.mget(ids.map((id) => `${this.#prefix}id:${id}`)),
    )
    const buried = ids.filter((_, at) => states[at]?.startsWith('d '))
    const letters =
      buried.length === 0
        ? []
        : await this.#connection.repeat(CALL_MS, (redis) => redis.hmgetBuffer(`${this.#prefix}dead`, ...buried))
    return fatesOf(states, letters, believed)
  }

  async probe(): Promise<void> {
    await this.#connection.repeat(CALL_MS, (redis) =>
      redis.set(`${this.#prefix}probe`, PROBE_VALUE, 'PX', PROBE_KEPT_MS),
    )
  }

  buried(): AsyncIterable<DeadLetter> {
    return this.#reading.buried()
  }

  async exhume(id: string): Promise<void> {
    await this.#run(scripts.exhume, [id])
  }

  async forget(id: string): Promise<void> {
    const letter = await this.#connection.repeat(CALL_MS, (redis) => redis.hgetBuffer(`${this.#prefix}dead`, id))
    if (letter) await this.#run(scripts.forget, [...this.#call(), id, this.#lifeOf(decodeDeadLetter(letter).event)])
  }

  async keepCopy(event: WebhookEvent): Promise<void> {
    const letter = encodeDeadLetter(keptAs(event, this.#time.latest()))
    await this.#run(scripts.keepCopy, [...this.#call(), letter, String(KEPT_COPIES.copiesMax)])
  }

  keptCopies(): AsyncIterable<KeptCopy> {
    return this.#reading.keptCopies()
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#reading.read(name)
  }

  scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#reading.scan(prefix)
  }

  items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#reading.items(prefix)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

function claimOf(event: WebhookEvent, said: number): Claim {
  if (said > 0) return { state: 'new', fence: said, failures: 0, failingForMs: 0, lostTries: 0 }
  if (said === -1) return { state: 'busy' }
  if (said === -2) return { state: 'suspect' }
  return duplicateOf(said === 0 ? undefined : -3 - said, event)
}

/** Has the server say how much a mark like any takes. undefined where it may not be asked. */
async function markMemoryOf({ connection, facts }: JudgedRedis, prefix: string): Promise<MarkMemory | undefined> {
  try {
    const bytes = await connection.repeat(CALL_MS, async (client) => {
      await client.set(`${prefix}${SAMPLE.key}`, SAMPLE.value, 'PX', PROBE_KEPT_MS)
      return client.memory('USAGE', `${prefix}${SAMPLE.key}`)
    })
    const { maxBytes } = facts.memory
    return bytes === null ? undefined : { bytes: bytes + TABLE_BYTES, ...(maxBytes > 0 && { roomBytes: maxBytes }) }
  } catch {
    return undefined
  }
}

function prefixOf(namespace: string): string {
  return `floodmark:{${checkNamespace(namespace)}}:ledger:`
}

const driver: LedgerDriver = {
  server: 'redis',
  async open(options) {
    const prefix = prefixOf(options.namespace)
    const redis = await openRedis(options.url, options.clock ?? systemClock)
    try {
      const [seconds] = await redis.connection.repeat(CALL_MS, (client) => client.time())
      const markMemory = await markMemoryOf(redis, prefix)
      return new RedisLedger(redis, prefix, options, { nowMs: Number(seconds) * 1_000, markMemory })
    } catch (error) {
      await redis.connection.close()
      throw error
    }
  },
  quotas: redisQuotas,
  drop: ({ url, namespace }) => deleteKeys(url, prefixOf(namespace)),
}
export default driver
