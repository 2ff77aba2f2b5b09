import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { expect, it } from 'vitest'
import sqs from '../../../src/runner/servers/kinds/sqs.ts'
import { describeWithServer } from '../../servers.ts'

describeWithServer('sqs', (server) => {
  const client = () =>
    new SQSClient({
      endpoint: server().url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    })

  it('takes a FIFO queue and a message, and says that it is an emulator', async () => {
    const attributes = { FifoQueue: 'true' }
    const { QueueUrl } = await client().send(new CreateQueueCommand({ QueueName: 'sale.fifo', Attributes: attributes }))
    const message = { QueueUrl, MessageBody: 'x', MessageGroupId: 'k', MessageDeduplicationId: '1' }
    await client().send(new SendMessageCommand(message))
    const depth = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })
    expect((await client().send(depth)).Attributes).toEqual({ ApproximateNumberOfMessages: '1' })
    expect(server().says).toMatch(/^fauxqs [\d.]+, an emulator of SQS that keeps everything in memory/)
  })

  it('is known as one by what it answers', async () => {
    expect(await sqs.probe(server().url, 5_000)).toMatchObject({ product: 'an emulator of SQS', trouble: undefined })
  })

  it('loses all of it when killed, and answers again on the same port', async () => {
    await server().control!.kill()
    await server().control!.start()
    expect((await client().send(new ListQueuesCommand())).QueueUrls ?? []).toEqual([])
  })
})
