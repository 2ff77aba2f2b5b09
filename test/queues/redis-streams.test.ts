import redisStreams from '../../queues/redis-streams.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { redisTarget } from './redis-targets.ts'

describeWithServer('redis', (server) => {
  queueContract('redis-streams', () => redisTarget(server(), redisStreams, 'redis-streams.ts'))
})
