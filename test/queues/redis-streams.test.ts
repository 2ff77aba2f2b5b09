import redisStreams from '../../queues/redis-streams.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

describeWithServer('redis', (server) => {
  queueContract('redis-streams', () => serverTarget(server(), redisStreams, 'redis-streams.ts'))
})
