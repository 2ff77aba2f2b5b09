import { SQS } from '@aws-sdk/client-sqs'
import sqsFifo from '../../queues/sqs-fifo.ts'
import type { BareMessage, QueueBench } from '../lib/queue-turns.ts'

const ENTRIES_MAX = 10
const RECEIVES_AT_ONCE = 8

/** Publishes by SendMessageBatch, consumes by ReceiveMessage and DeleteMessageBatch: ten messages a call, many calls at once. */
const bench: QueueBench = {
  server: 'sqs',
  driver: sqsFifo,
  async bare({ url, namespace }) {
    const credentials = { accessKeyId: 'emulator', secretAccessKey: 'emulator' }
    const sqs = new SQS({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })
    const QueueName = `floodmark-bench-${namespace}.fifo`
    const { QueueUrl } = await sqs.createQueue({ QueueName, Attributes: { FifoQueue: 'true' } })
    const send = async (messages: readonly BareMessage[]) => {
      const Entries = messages.map(({ id, key, bytes }, at) => ({
        Id: String(at),
        MessageBody: bytes.toString('base64'),
        MessageGroupId: key,
        MessageDeduplicationId: id.replace(':', '-'),
      }))
      const { Failed = [] } = await sqs.sendMessageBatch({ QueueUrl, Entries })
      if (Failed.length > 0) throw new Error(`${Failed.length} not sent: ${Failed[0]!.Message}`)
    }
    return {
      async publish(messages) {
        const parts = []
        for (let at = 0; at < messages.length; at += ENTRIES_MAX) parts.push(messages.slice(at, at + ENTRIES_MAX))
        await Promise.all(parts.map(send))
      },
      async consume(count) {
        let left = count
        const loop = async () => {
          while (left > 0) {
            const receive = { QueueUrl, MaxNumberOfMessages: ENTRIES_MAX, WaitTimeSeconds: 1, VisibilityTimeout: 30 }
            const { Messages = [] } = await sqs.receiveMessage(receive)
            if (Messages.length === 0) continue
            const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
            const { Failed = [] } = await sqs.deleteMessageBatch({ QueueUrl, Entries })
            if (Failed.length > 0) throw new Error(`${Failed.length} not deleted: ${Failed[0]!.Message}`)
            left -= Messages.length
          }
        }
        await Promise.all(Array.from({ length: RECEIVES_AT_ONCE }, loop))
      },
      async close() {
        await sqs.deleteQueue({ QueueUrl })
        sqs.destroy()
      },
    }
  },
}
export default bench
