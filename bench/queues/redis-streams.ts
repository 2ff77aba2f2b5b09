import { Redis } from 'ioredis'
import redisStreams from '../../queues/redis-streams.ts'
import type { QueueBench } from '../lib/queue-turns.ts'
import { redisBenchmark } from './redis-benchmark.ts'

const READ_EVENTS = 256
const GROUP = 'bench'

/** One stream and a consumer group. Publishes by pipelined XADD. Consumes by XREADGROUP, then XACK and XDEL in one pipeline. */
const bench: QueueBench = {
  server: 'redis',
  driver: redisStreams,
  ownTool: { name: 'redis-benchmark', publish: redisBenchmark },
  async bare({ url, namespace }) {
    const [redis, reader] = [new Redis(url), new Redis(url)]
    await redis.xgroup('CREATE', namespace, GROUP, '0', 'MKSTREAM')
    return {
      async publish(messages) {
        const pipeline = redis.pipeline()
        for (const { bytes } of messages) pipeline.xadd(namespace, '*', 'e', bytes)
        for (const [error] of (await pipeline.exec())!) if (error) throw error
      },
      async consume(count) {
        let acking: Promise<unknown> = Promise.resolve()
        for (let left = count; left > 0; ) {
          const read = ['GROUP', GROUP, 'one', 'COUNT', READ_EVENTS, 'BLOCK', 1_000, 'STREAMS', namespace, '>']
          const reply = (await reader.callBuffer('XREADGROUP', read)) as [Buffer, [Buffer, Buffer[]][]] | null
          const ids = (reply ?? [])[1]?.map(([id]) => id) ?? []
          if (ids.length === 0) continue
          left -= ids.length
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
