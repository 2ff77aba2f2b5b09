import { Redis } from 'ioredis'
import redisStreams from '../../queues/redis-streams.ts'
import type { QueueBench } from '../lib/queue-turns.ts'
import { redisBenchmark } from './redis-benchmark.ts'

/** Each entry holds a whole publish. */
const READ_ENTRIES = 2
const GROUP = 'bench'

/**
 * One stream and a consumer group. A publish is one XADD with an event in each field: with an fsync for each turn of the server it
 * takes eight times as many events as pipelined XADDs of one. Consumes by XREADGROUP, then XACK and XDEL in one pipeline.
 */
const bench: QueueBench = {
  server: 'redis',
  driver: redisStreams,
  ownTool: { name: 'redis-benchmark', publish: redisBenchmark },
  async bare({ url, namespace }) {
    const [redis, reader] = [new Redis(url), new Redis(url)]
    await redis.xgroup('CREATE', namespace, GROUP, '0', 'MKSTREAM')
    return {
      async publish(messages) {
        await redis.xadd(namespace, '*', ...messages.flatMap(({ bytes }) => ['e', bytes]))
      },
      async consume(count) {
        let acking: Promise<unknown> = Promise.resolve()
        for (let left = count; left > 0; ) {
          const read = ['GROUP', GROUP, 'one', 'COUNT', READ_ENTRIES, 'BLOCK', 1_000, 'STREAMS', namespace, '>']
          const reply = (await reader.callBuffer('XREADGROUP', read)) as [Buffer, [Buffer, Buffer[]][]] | null
          const entries = (reply ?? [])[1] ?? []
          if (entries.length === 0) continue
          const ids = entries.map(([id]) => id)
          for (const [, fields] of entries) left -= fields.length / 2
          await acking // while one batch is acked the next is read
          acking = redis
            .pipeline()
            .xack(namespace, GROUP, ...ids)
            .xdel(namespace, ...ids)
            .exec()
        }
        await acking
      },
      async close() {
        await redis.unlink(namespace)
        redis.disconnect()
        reader.disconnect()
      },
    }
  },
}
export default bench
