import redisStreams from '../../queues/redis-streams.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A user's queue that several processes share. It names no kind of server. */
const driver: QueueDriver = { open: redisStreams.open, drop: redisStreams.drop }
export default driver
