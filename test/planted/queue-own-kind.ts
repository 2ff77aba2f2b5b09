import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import ownUrl from './queue-own-url.ts'

/** The same queue. It says that it needs a server of a kind that the kit cannot start. */
const driver: QueueDriver = { ...ownUrl, server: 'nats' }
export default driver
