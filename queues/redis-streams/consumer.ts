import { randomUUID } from 'node:crypto'
import { isLasting, type RedisConnection } from '../../src/clients/redis/connection.ts'
import { runScript } from '../../src/clients/redis/script.ts'
import { LastingTrouble } from '../../src/core/base/backoff.ts'
import { eventOfRecord } from '../../src/core/base/codec.ts'
import { shareOfMemory } from '../../src/core/base/memory.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import type { ConsumeOptions, Handler, QueueOpenOptions } from '../../src/core/contracts/queue.ts'
import { Lanes } from '../../src/core/processing/lanes.ts'
import { Acks } from './acks.ts'
import type { Keys } from './keys.ts'
import { HOLD, READ, RELEASE } from './scripts.ts'
import type { Shard, StreamItem } from './shard.ts'

/**
 * Events read ahead of the handlers, for each shard. A stalled key delays only itself until stalled keys fill this space.
 * Then the shard's other keys wait too.
 */
const AHEAD = { eventsMax: 1_024, bytesMax: shareOfMemory(1 / 256, 8 * 1024 * 1024) }
const READ_MAX = { events: 512, bytes: shareOfMemory(1 / 512, 4 * 1024 * 1024) }
/** So many reads run at once, each for its part of the shards. The server works on one while another's events are decoded. */
export const READERS = 2
/** An idle consumer waits on the server for so many ms before it asks again. What arrives ends the wait. */
const IDLE_MS = 1_000
/** The same while a shard of the reader is read no further: it may have room at any time. */
const FULL_MS = 50
const PAUSE_MS = 5
const TROUBLE_MS = 250
/** Leases are checked ten times while they last, but no more and no less often than this. */
const KEEP_MS = { least: 250, most: 1_000 }
/** Acks without an answer so many ms after the last handler are given up: events come again, leases run out. */
const SETTLE_MS = 5_000
/** A shard stays ours for at least so many ms without word from us. */
const HOLD_MS_MIN = 1_000

type StreamsOptions = ConsumeOptions & { readonly keptMs: QueueOpenOptions['keptMs'] | undefined }

/**
 * One consume(): holds shards by leases that it renews, reads them ahead into lanes, and settles acks. A consumer that lost
 * a lease can neither read nor ack there, since each script checks the lease first.
 */
export class StreamsConsumer {
  readonly #me = randomUUID()
  readonly #connection: RedisConnection
  readonly #waiters: readonly RedisConnection[]
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #options: StreamsOptions
  readonly #holdMs: number
  readonly #shards: readonly Shard[]
  readonly #acks: Acks
  readonly #lanes: Lanes<StreamItem>
  readonly #holding: LastingTrouble
  readonly #reading: LastingTrouble
  readonly #ended = new AbortController()
  /** Aborts for a trouble that no waiting ends. */
  readonly #lasting = new AbortController()
  #heldUntilMs = 0
  #renewedMs = Number.NEGATIVE_INFINITY
  #turn = 0

  /** `waiters`: one connection for each reader. No other consumer uses them, because their calls block. */
  constructor(
    connection: RedisConnection,
    waiters: readonly RedisConnection[],
    keys: Keys,
    clock: Clock,
    options: StreamsOptions,
  ) {
    this.#connection = connection
    this.#waiters = waiters
    this.#keys = keys
    this.#clock = clock
    this.#options = options
    this.#holdMs = Math.max(HOLD_MS_MIN, options.leaseMs)
    const fresh = { state: 'free', cursor: '', lastId: '', due: false, events: 0, bytes: 0 } as const
    this.#shards = keys.shards.map((names, number) => ({ number, ...names, ...fresh, acks: [] }))
    const holder = { me: this.#me, holdMs: this.#holdMs, ended: this.#ended.signal }
    this.#acks = new Acks(connection, keys.bytes, clock, holder, {
      onLost: (shard) => this.#leave(shard),
      onTrouble: (cause) => this.#endIfLasting(cause),
    })
    this.#holding = new LastingTrouble(clock, 'no stream could be held', options.onError)
    this.#reading = new LastingTrouble(clock, 'no stream could be read', options.onError)
    this.#lanes = new Lanes<StreamItem>(clock, (item) => this.#acks.push(item))
  }

  /** @throws FloodmarkError 'unavailable' when the server does not allow what is needed. */
  async run(handle: Handler): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, this.#lasting.signal])
    // A wait on the server would go on for as long as it may.
    const wake = () => {
      for (const { client } of this.#waiters) client.disconnect()
    }
    signal.addEventListener('abort', wake, { once: true })
    const keeping = this.#keep(signal)
    const reading = Promise.all(this.#waiters.map((waiter, reader) => this.#read(signal, reader, waiter)))
    await this.#lanes.consume(handle, { ...this.#options, signal })
    await reading
    const untilMs = this.#clock.monotonic() + SETTLE_MS
    await Promise.race([this.#acks.flushed(), sleep(this.#clock, SETTLE_MS)])
    this.#ended.abort()
    await keeping
    while (!(await this.#release(this.#shards, this.#keys.consumers)) && this.#clock.monotonic() < untilMs) {
      await sleep(this.#clock, TROUBLE_MS)
    }
    this.#lasting.signal.throwIfAborted()
  }

  #endIfLasting(cause: unknown): void {
    if (!isLasting(cause)) return
    const why = messageOf(cause).replace(/\.$/, '')
    const what = `streams cannot be consumed: ${why}. Allow this user all commands of streams and scripts`
    this.#lasting.abort(new FloodmarkError('unavailable', what, { cause }))
  }

  /** Renews the leases until the very end, so that the last acks are still valid. */
  async #keep(stopping: AbortSignal): Promise<void> {
    const keepMs = Math.min(KEEP_MS.most, Math.max(KEEP_MS.least, this.#holdMs / 10))
    while (!this.#ended.signal.aborted) {
      try {
        await this.#renew(stopping)
        this.#holding.worked()
      } catch (cause) {
        this.#holding.failed(cause)
        this.#endIfLasting(cause)
        if (this.#clock.monotonic() > this.#heldUntilMs) for (const shard of this.#shards) this.#leave(shard)
      }
      await sleep(this.#clock, keepMs, this.#ended.signal)
    }
  }

  async #renew(stopping: AbortSignal): Promise<void> {
    const askedMs = this.#clock.monotonic()
    const takes = this.#shards.map(({ state }) => (state === 'free' && !stopping.aborted ? '1' : '0'))
    const renews = askedMs - this.#renewedMs >= this.#holdMs / 3
    const names = [this.#keys.consumers, ...this.#shards.flatMap(({ lease, stream }) => [lease, stream])]
    const args = [this.#me, this.#holdMs, this.#options.keptMs ?? '', renews ? '1' : '0', ...takes]
    const [share, ...held] = (await this.#connection.once(this.#holdMs, (client) =>
      runScript<number[]>(client, HOLD, names, args),
    )) as [number, ...number[]]
    if (renews) this.#renewedMs = askedMs
    this.#heldUntilMs = askedMs + (this.#holdMs * 2) / 3
    const mine = new Set(held.map((number) => number - 1))
    for (const shard of this.#shards) {
      if (!mine.has(shard.number)) this.#leave(shard)
      else if (shard.state === 'free') Object.assign(shard, { state: 'held', cursor: '0-0', lastId: '', due: true })
    }
    const extra = this.#shards.filter(({ state }) => state === 'held').slice(share)
    for (const shard of extra) this.#leave(shard)
  }

  /** The shard is lost, or is to be given away. While a handler has its events, we renew the lease and do not take it again. */
  async #leave(shard: Shard): Promise<void> {
    if (shard.state !== 'held') return
    shard.state = 'leaving'
    await this.#lanes.withdraw((item) => item.shard === shard)
    await this.#acks.flushed()
    await this.#release([shard], '')
    Object.assign(shard, { state: 'free', events: 0, bytes: 0 })
  }

  /** Resolves with whether the server has answered. Without an answer the leases run out by themselves. */
  async #release(shards: readonly Shard[], consumers: string): Promise<boolean> {
    const names = [consumers, ...shards.map(({ lease }) => lease)]
    return this.#connection
      .once(SETTLE_MS, (client) => runScript(client, RELEASE, names, [this.#me]))
      .then(
        () => true,
        () => false,
      )
  }

  async #read(signal: AbortSignal, reader: number, waiter: RedisConnection): Promise<void> {
    while (!signal.aborted) {
      const wanted = this.#wanted(reader)
      if (wanted.length === 0) {
        await sleep(this.#clock, PAUSE_MS, signal)
        continue
      }
      const due = wanted.filter((shard) => shard.due)
      if (due.length === 0) {
        await this.#wait(reader, wanted, waiter)
        continue
      }
      try {
        const start = this.#turn++ % due.length
        const events = await this.#fetch([...due.slice(start), ...due.slice(0, start)])
        this.#reading.worked()
        // At such a rate the next events are there already, and to ask which shards have some costs more than to read all.
        // One that has more than a read may bring must not keep the others from being noticed either.
        const all = events >= wanted.length || due.some((shard) => shard.due)
        if (all) for (const shard of wanted) shard.due = true
      } catch (cause) {
        this.#reading.failed(cause)
        this.#endIfLasting(cause)
        // Events that the server has given out and we never saw come only to the next consumer that takes the shard.
        for (const shard of due) this.#leave(shard)
        this.#forgetPlaces(this.#held(reader))
        await sleep(this.#clock, TROUBLE_MS, signal)
      }
    }
  }

  /** The next answer may come from another server, which knows other ids. */
  #forgetPlaces(shards: readonly Shard[]): void {
    for (const shard of shards) Object.assign(shard, { due: true, lastId: '' })
  }

  #held(reader: number): Shard[] {
    return this.#shards.filter(({ number, state }) => number % READERS === reader && state === 'held')
  }

  #wanted(reader: number): Shard[] {
    return this.#held(reader).filter(({ events, bytes }) => events < AHEAD.eventsMax && bytes < AHEAD.bytesMax)
  }

  /** Reads what these shards have, within bounds. Resolves with the number of events. */
  async #fetch(shards: readonly Shard[]): Promise<number> {
    const names = shards.flatMap(({ lease, stream }) => [lease, stream])
    const cursors = shards.map(({ cursor, lastId }) => cursor || (lastId ? '' : '-'))
    const args = [this.#me, READ_MAX.events, READ_MAX.bytes, ...cursors]
    const replies = await this.#connection.once(this.#holdMs, (client) =>
      runScript<Buffer[][]>(client, READ, names, args, 'callBuffer'),
    )
    let events = 0
    for (const [at, [cursor, lastId, more, ...entries]] of replies.entries()) {
      const shard = shards[at]!
      if (cursor === undefined || shard.state !== 'held') {
        this.#leave(shard)
        continue
      }
      shard.cursor = cursor.toString()
      if (lastId!.length > 0) shard.lastId = lastId!.toString()
      shard.due = more!.length > 0
      for (let entry = 0; entry < entries.length; entry += 2) this.#add(shard, entries[entry]!, entries[entry + 1]!)
      events += entries.length / 2
    }
    return events
  }

  #add(shard: Shard, id: Buffer, bytes: Buffer): void {
    const event = eventOfRecord(bytes, `entry ${id} of shard ${shard.number}`, this.#clock.now())
    this.#lanes.add({
      lane: laneOf(event),
      sinceMs: event.receivedAtMs,
      load: () => event,
      id: id.toString(),
      bytes: bytes.length,
      shard,
    })
    shard.events++
    shard.bytes += bytes.length
  }

  /** Blocks on its own connection until the server has an event for one of the shards, or for a moment. Those with one are due. */
  async #wait(reader: number, shards: readonly Shard[], waiter: RedisConnection): Promise<void> {
    const streams = shards.map(({ stream }) => stream)
    const ids = shards.map(({ lastId }) => lastId)
    const held = this.#held(reader)
    const waitMs = held.length > shards.length ? FULL_MS : IDLE_MS
    try {
      const found = await waiter.once(waitMs + SETTLE_MS, (client) =>
        client.callBuffer('XREAD', ['COUNT', 1, 'BLOCK', waitMs, 'STREAMS', ...streams, ...ids]),
      )
      for (const [stream, [[id]]] of (found ?? []) as [Buffer, [[Buffer]]][]) {
        // Should this one not be given to us, as it was somebody's before, the next wait is for what comes behind it.
        Object.assign(shards[streams.indexOf(stream.toString())]!, { due: true, lastId: id.toString() })
      }
    } catch (cause) {
      this.#endIfLasting(cause)
      this.#forgetPlaces(shards)
      await sleep(this.#clock, TROUBLE_MS, this.#options.signal)
    }
  }
}
