import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { entryOf } from '../../queues/sqs-shared/message.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'

interface Entry {
  readonly Id: string
  readonly MessageBody: string
  readonly ReceiptHandle: string
  readonly VisibilityTimeout?: number
}
interface Call {
  readonly action: string
  readonly body: {
    readonly Entries: readonly Entry[]
    readonly VisibilityTimeout?: number
    readonly ReceiveRequestAttemptId?: string
  }
}
type Answer = { readonly status?: number; readonly json: object }

export const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** Every entry of a batch succeeded. */
export const allOf = (call: Call) => ({
  Successful: call.body.Entries.map(({ Id, MessageBody = '' }) => ({ Id, MD5OfMessageBody: md5(MessageBody) })),
  Failed: [] as object[],
})

/** An event as a received message whose receipt is its id. */
export function messageOf(event: WebhookEvent) {
  const Body = entryOf(event, 0, true).MessageBody!
  return { MessageId: event.id, ReceiptHandle: event.id, Body, MD5OfBody: md5(Body) }
}

/** A server with SQS's protocol that answers as a test tells it to. No emulator does that. */
export async function fakeSqs(answers: Record<string, (call: Call) => Answer | undefined>) {
  const calls: Call[] = []
  const usual: Record<string, (call: Call) => object> = {
    GetQueueUrl: () => ({ QueueUrl: 'http://fake/0/q.fifo' }),
    GetQueueAttributes: () => ({ Attributes: { FifoQueue: 'true', MaximumMessageSize: '1048576' } }),
    ListQueueTags: () => ({ Tags: { 'made-by': 'floodmark' } }),
    ReceiveMessage: () => ({}),
    SendMessageBatch: allOf,
    DeleteMessageBatch: allOf,
    ChangeMessageVisibilityBatch: allOf,
  }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const action = String(request.headers['x-amz-target']).split('.')[1]!
    const call = { action, body: JSON.parse(text) }
    calls.push(call)
    // An empty receive waits a little, as at the real server.
    if (action === 'ReceiveMessage') await new Promise((resolve) => setTimeout(resolve, 10))
    const { status = 200, json } = answers[action]?.(call) ?? { json: usual[action]!(call) }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(json))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: (action: string) => calls.filter((call) => call.action === action),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
