// @module-tag full: an emulator that waits as SQS does takes more than a minute.
import sqsFifo from '../../queues/sqs-fifo.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

describeWithServer('sqs', (server) => {
  queueContract('sqs-fifo', () => serverTarget(server(), sqsFifo, 'sqs-fifo.ts'))
})
