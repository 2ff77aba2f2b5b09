// @module-tag full: an emulator that waits as SQS does takes more than a minute.
import sqs from '../../queues/sqs.ts'
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
  const client = await connect(addressOf(url))
  const { QueueUrl } = await client.getQueueUrl({ QueueName: `floodmark-${namespace}` })
  await client.sendMessage({ QueueUrl, MessageBody: bytes.toString() })
  client.destroy()
}

describeWithServer('sqs', (server) => {
  queueContract('sqs', () => serverTarget(server(), sqs, 'sqs.ts', plant, throttleSqs), { exceptions })
})
