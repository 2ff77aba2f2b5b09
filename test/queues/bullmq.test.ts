import bullmq from '../../queues/bullmq.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { redisTarget } from './redis-targets.ts'

describeWithServer('redis', (server) => {
  queueContract('bullmq', () => redisTarget(server(), bullmq, 'bullmq.ts'))
})
