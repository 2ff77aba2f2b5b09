// @module-tag full: an emulator that waits as SQS does takes more than a minute.
import sqsFifo from '../../queues/sqs-fifo.ts'
import { addressOf, connect } from '../../src/clients/sqs/connect.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget, throttleSqs } from './server-target.ts'

/** A message has at most 1 MiB, so that what goes out together has at most 10 MiB. */
const exceptions = {
  'hands out no more bytes at once than asked for, and a larger event alone':
    'the messages of one receive, ten at most, are handed out together',
}

async function plant(url: string, namespace: string, bytes: Buffer): Promise<void> {
  const sqs = await connect(addressOf(url))
  const { QueueUrls = [] } = await sqs.listQueues({})
  await sqs.sendMessage({
    QueueUrl: QueueUrls.find((name) => name.endsWith(`${namespace}.fifo`))!,
    MessageBody: bytes.toString(),
    MessageGroupId: 'foreign',
    MessageDeduplicationId: 'foreign',
  })
  sqs.destroy()
}

describeWithServer('sqs', (server) => {
  queueContract('sqs-fifo', () => serverTarget(server(), sqsFifo, 'sqs-fifo.ts', plant, throttleSqs), { exceptions })
})
