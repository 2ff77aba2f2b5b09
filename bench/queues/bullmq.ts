import { Queue, Worker } from 'bullmq'
import bullmq from '../../queues/bullmq.ts'
import type { QueueBench } from '../lib/queue-turns.ts'

/** As many at once as the driver's handlers take. */
const CONCURRENCY = 512

/** addBulk, and a Worker without work to do. Jobs are deleted once done, as the driver's are. */
const bench: QueueBench = {
  server: 'redis',
  driver: bullmq,
  async bare({ url, namespace }) {
    const connection = { url, maxRetriesPerRequest: null }
    const queue = new Queue<string>(namespace, { connection })
    return {
      async publish(messages) {
        const opts = { removeOnComplete: true }
        await queue.addBulk(messages.map(({ bytes }) => ({ name: 'event', data: bytes.toString('base64'), opts })))
      },
      async consume(count) {
        let left = count
        let worker: Worker | undefined
        await new Promise<void>((resolve) => {
          const onJob = async () => {}
          worker = new Worker(namespace, onJob, { connection, concurrency: CONCURRENCY })
          worker.on('completed', () => {
            if (--left === 0) resolve()
          })
        })
        await worker!.close()
      },
      async close() {
        await queue.obliterate({ force: true })
        await queue.close()
      },
    }
  },
}
export default bench
