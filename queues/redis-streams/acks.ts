import type { RedisConnection } from '../../src/clients/redis/connection.ts'
import { runScript } from '../../src/clients/redis/script.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { ACK } from './scripts.ts'
import type { Shard, StreamItem } from './shard.ts'

/** A call takes at most so many ids of one shard: a script's arguments are bounded. */
const ACKS_MAX = 1_000
const TROUBLE_MS = 250

interface AckHolder {
  readonly me: string
  readonly holdMs: number
  /** Aborts when nothing more can be settled. */
  readonly ended: AbortSignal
}

interface AckTold {
  /** The shard belonged to another consumer, so nothing was settled. */
  onLost(shard: Shard): void
  onTrouble(cause: unknown): void
}

/** Sends the acks of a consumer's handlers to the server: one call at a time, tried until it answers or all is over. */
export class Acks {
  readonly #connection: RedisConnection
  readonly #bytesKey: string
  readonly #clock: Clock
  readonly #holder: AckHolder
  readonly #told: AckTold
  readonly #waiting = new Set<Shard>()
  #flushing: Promise<void> | undefined

  constructor(connection: RedisConnection, bytesKey: string, clock: Clock, holder: AckHolder, told: AckTold) {
    this.#connection = connection
    this.#bytesKey = bytesKey
    this.#clock = clock
    this.#holder = holder
    this.#told = told
  }

  push(item: StreamItem): void {
    item.shard.events--
    item.shard.bytes -= item.bytes
    item.shard.acks.push(item)
    this.#waiting.add(item.shard)
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    })
  }

  async flushed(): Promise<void> {
    await this.#flushing
  }

  async #flush(): Promise<void> {
    await Promise.resolve() // a batch's verdicts come one after the other in one turn
    const { ended } = this.#holder
    while (this.#waiting.size > 0 && !ended.aborted) {
      const shards = [...this.#waiting]
      const batches = shards.map(({ acks }) => acks.slice(0, ACKS_MAX))
      try {
        const settled = await this.#settle(shards, batches)
        for (const [at, shard] of shards.entries()) {
          shard.acks.splice(0, batches[at]!.length)
          if (shard.acks.length === 0) this.#waiting.delete(shard)
          if (settled[at] === 0) this.#told.onLost(shard)
        }
      } catch (cause) {
        this.#told.onTrouble(cause)
        await sleep(this.#clock, TROUBLE_MS, ended)
      }
    }
  }

  #settle(shards: readonly Shard[], batches: readonly (readonly StreamItem[])[]): Promise<number[]> {
    const names = [this.#bytesKey, ...shards.flatMap(({ lease, stream }) => [lease, stream])]
    const args = batches.flatMap((batch) => [
      batch.length,
      batch.reduce((sum, { bytes }) => sum + bytes, 0),
      ...batch.map(({ id }) => id),
    ])
    const { me, holdMs } = this.#holder
    return this.#connection.once(holdMs, (client) => runScript<number[]>(client, ACK, names, [me, ...args]))
  }
}
