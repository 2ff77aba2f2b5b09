import redisStreams from '../../queues/redis-streams.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A queue of one's own that processes share, and that names no kind of server. */
const driver: QueueDriver = { open: redisStreams.open, drop: redisStreams.drop }
export default driver
