import { expect, it } from 'vitest'
import sqs from '../../queues/sqs.ts'
import sqsFifo from '../../queues/sqs-fifo.ts'
import { fakeSqs } from './fake-sqs.ts'

const NAME_MAX = 80
const DAYS_14 = String(14 * 86_400)

interface Made {
  readonly QueueName: string
  readonly Attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

it.each(Object.entries({ sqs, 'sqs-fifo': sqsFifo }))(
  '%s makes a queue of its own name, which fits whatever the namespace, with its tag, for as long as SQS keeps events',
  async (_, driver) => {
    const server = await fakeSqs({
      GetQueueUrl: () => ({ status: 400, json: { __type: 'com.amazonaws.sqs#QueueDoesNotExist' } }),
      CreateQueue: () => ({ json: { QueueUrl: 'http://fake/0/made' } }),
      ...(driver === sqs && { GetQueueAttributes: () => ({ json: { Attributes: {} } }) }),
    })
    const namespace = 'n'.repeat(64)
    const queue = await driver.open({ url: server.url, namespace })
    await queue.close()
    const [made, ...others] = server.calls('CreateQueue').map(({ body }) => body as unknown as Made)
    await server.close()
    expect(others).toEqual([])
    expect(made!.QueueName).toBe(`floodmark-${namespace}${driver === sqs ? '' : '.fifo'}`)
    expect(made!.QueueName.length).toBeLessThanOrEqual(NAME_MAX)
    expect(made!.tags).toEqual({ 'made-by': 'floodmark' })
    expect(made!.Attributes.MessageRetentionPeriod).toBe(DAYS_14)
  },
)
