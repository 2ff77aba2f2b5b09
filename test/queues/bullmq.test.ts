// @module-tag full: a server that waits as Redis does takes a minute; redis-streams is tried every time.
import { Queue } from 'bullmq'
import bullmq from '../../queues/bullmq.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { fillRedis, serverTarget } from './server-target.ts'

async function plant(url: string, namespace: string, bytes: Buffer): Promise<void> {
  const queue = new Queue('events', { connection: { url }, prefix: `floodmark:bullmq:{${namespace}}` })
  await queue.add('event', bytes.toString(), { removeOnComplete: true })
  await queue.close()
}

describeWithServer('redis', (server) => {
  queueContract('bullmq', () => serverTarget(server(), bullmq, 'bullmq.ts', plant, fillRedis))
})
