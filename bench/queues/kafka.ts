import { Admin, Consumer, ProduceAcks, Producer } from '@platformatic/kafka'
import kafka from '../../queues/kafka.ts'
import type { QueueBench } from '../lib/queue-turns.ts'
import { kafkaPerfTest, PARTITIONS } from './kafka-perf-test.ts'

const COMMIT_EVERY = 256

/** Publishes by send() with acks all to 12 partitions. Consumes by the client's own stream, with a commit every 256 messages. */
const bench: QueueBench = {
  server: 'kafka',
  driver: kafka,
  ownTool: { name: 'kafka-producer-perf-test', publish: kafkaPerfTest },
  async bare({ url, namespace: topic }) {
    const options = { clientId: 'bench', bootstrapBrokers: [url.slice('kafka://'.length)] }
    const admin = new Admin(options)
    await admin.createTopics({ topics: [topic], partitions: PARTITIONS })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const producer = new Producer(options)
    return {
      async publish(messages) {
        await producer.send({
          acks: ProduceAcks.ALL,
          messages: messages.map(({ key, bytes }) => ({ topic, key: Buffer.from(key), value: bytes })),
        })
      },
      async consume(count) {
        const consumer = new Consumer({ ...options, groupId: topic, autocommit: false, maxWaitTime: 500 })
        const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
        const offsets = new Map<number, bigint>()
        const commit = () =>
          consumer.commit({
            offsets: [...offsets].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 })),
          })
        let left = count
        let committing = Promise.resolve()
        for await (const { partition, offset } of stream) {
          offsets.set(partition, offset + 1n)
          left--
          if (left % COMMIT_EVERY === 0) {
            await committing
            committing = Promise.resolve(commit())
          }
          if (left === 0) break
        }
        await committing
        await consumer.close(true)
      },
      async close() {
        await producer.close()
        await admin.deleteTopics({ topics: [topic] })
        await admin.deleteGroups({ groups: [topic] })
        await admin.close()
      },
    }
  },
}
export default bench
