import bullmq from '../../queues/bullmq.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

describeWithServer('redis', (server) => {
  queueContract('bullmq', () => serverTarget(server(), bullmq, 'bullmq.ts'))
})
