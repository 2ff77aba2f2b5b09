import { Redis } from 'ioredis'
import redisStreams from '../../queues/redis-streams.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { fillRedis, serverTarget } from './server-target.ts'

async function plant(url: string, namespace: string, bytes: Buffer): Promise<void> {
  const redis = new Redis(url)
  await redis.xadd(`floodmark:streams:{${namespace}}:events:3`, '*', 'e', bytes)
  await redis.quit()
}

describeWithServer('redis', (server) => {
  queueContract('redis-streams', () => serverTarget(server(), redisStreams, 'redis-streams.ts', plant, fillRedis))
})
