import client from 'kafkajs'
import kafkajs from '../../queues/kafkajs.ts'
import type { QueueBench } from '../lib/queue-turns.ts'

const PARTITIONS = 12

/** Publishes by send() with acks all to 12 partitions. Consumes by eachBatch, and commits each batch. */
const bench: QueueBench = {
  server: 'kafka',
  driver: kafkajs,
  async bare({ url, namespace: topic }) {
    const brokers = [url.slice('kafka://'.length)]
    const kafka = new client.Kafka({ clientId: 'bench', brokers, logLevel: client.logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: false })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const producer = kafka.producer({ createPartitioner: client.Partitioners.DefaultPartitioner })
    await producer.connect()
    return {
      async publish(messages) {
        await producer.send({ topic, acks: -1, messages: messages.map(({ key, bytes }) => ({ key, value: bytes })) })
      },
      async consume(count) {
        const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 500 })
        await consumer.connect()
        await consumer.subscribe({ topics: [topic], fromBeginning: true })
        let left = count
        await new Promise<void>((resolve, reject) => {
          const run = consumer.run({
            autoCommit: false,
            partitionsConsumedConcurrently: PARTITIONS,
            async eachBatch({ batch, resolveOffset, commitOffsetsIfNecessary }) {
              const { partition } = batch
              resolveOffset(batch.lastOffset())
              const offset = String(BigInt(batch.lastOffset()) + 1n)
              await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] })
              left -= batch.messages.length
              if (left === 0) resolve()
            },
          })
          run.catch(reject)
        })
        await consumer.disconnect()
      },
      async close() {
        await producer.disconnect()
        await admin.deleteTopics({ topics: [topic] })
        await admin.deleteGroups([topic])
        await admin.disconnect()
      },
    }
  },
}
export default bench
