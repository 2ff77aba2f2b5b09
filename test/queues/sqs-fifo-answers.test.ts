import { afterEach, describe, expect, it } from 'vitest'
import sqsFifo from '../../queues/sqs-fifo.ts'
import { entryOf } from '../../queues/sqs-shared/message.ts'
import { addressOf } from '../../src/clients/sqs/connect.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Handler } from '../../src/core/contracts/queue.ts'
import { judging, LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
import { allOf, fakeSqs, md5, messageOf } from './fake-sqs.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function opened(answers: Parameters<typeof fakeSqs>[0]) {
  const server = await fakeSqs(answers)
  ends.push(server.close)
  const queue = await sqsFifo.open({ url: server.url, namespace: 'q' })
  ends.push(() => queue.close())
  return { server, queue }
}

/** Answers the first receive with these events and lets the handler judge them. Resolves when `enough` is true. */
async function received(
  events: readonly WebhookEvent[],
  handle: Handler,
  answers: Parameters<typeof fakeSqs>[0],
  enough: (server: Awaited<ReturnType<typeof fakeSqs>>) => boolean,
) {
  let given = false
  const ReceiveMessage = () => {
    if (given) return undefined
    given = true
    return { json: { Messages: events.map(messageOf) } }
  }
  const { server, queue } = await opened({ ...answers, ReceiveMessage })
  const stop = new AbortController()
  const options = { batchEventsMax: 10, handlersMax: 1, leaseMs: 30_000, signal: stop.signal }
  const done = queue.consume(handle, options)
  for (let waited = 0; waited < 1_000 && !enough(server); waited++) await sleep(systemClock, 10)
  stop.abort()
  await done
  return server
}

describe('sqs-fifo', () => {
  it('names the entries that SQS refused or did not mention, over all calls of a publish', async () => {
    const refuse: Record<string, { SenderFault: boolean }> = { 3: { SenderFault: true }, 12: { SenderFault: false } }
    const { queue } = await opened({
      SendMessageBatch: (call) => {
        const { Successful } = allOf(call)
        const Failed = Successful.filter(({ Id }) => refuse[Id])
        return {
          json: {
            Successful: Successful.filter(({ Id }) => !refuse[Id] && Id !== '21'),
            Failed: Failed.map(({ Id }) => ({ Id, Code: 'InternalError', ...refuse[Id] })),
          },
        }
      },
    })
    const failure = { code: 'unavailable', definite: false, unsafe: [3, 12, 21] }
    await expect(queue.publish(numbered(0, 25), LIMIT)).rejects.toMatchObject(failure)
  })

  it('refuses for certain when SQS refused every failed entry as wrong', async () => {
    const { queue } = await opened({
      SendMessageBatch: (call) => ({
        json: { Failed: call.body.Entries.map(({ Id }) => ({ Id, Code: 'Invalid', SenderFault: true })) },
      }),
    })
    await expect(queue.publish(numbered(0, 2), LIMIT)).rejects.toMatchObject({ definite: true, unsafe: [0, 1] })
  })

  it("says 'overloaded', for certain, when SQS throttles", async () => {
    const { queue } = await opened({
      SendMessageBatch: () => ({ status: 400, json: { __type: 'com.amazonaws.sqs#RequestThrottled' } }),
    })
    const failure = { code: 'overloaded', definite: true, unsafe: [0] }
    await expect(queue.publish(numbered(0, 1), LIMIT)).rejects.toMatchObject(failure)
  })

  it('sends the calls of one key one after the other, in the order of their publishes', async () => {
    const order: string[] = []
    const { queue } = await opened({
      SendMessageBatch: (call) => {
        order.push(call.body.Entries.map(({ Id }) => Id).join())
        return undefined
      },
    })
    const calls = upTo(5).map(() =>
      queue.publish(
        numbered(0, 12, () => 'one'),
        LIMIT,
      ),
    )
    await Promise.all(calls)
    const [first, second] = ['0,1,2,3,4,5,6,7,8,9', '10,11']
    expect(order).toEqual(upTo(5).flatMap(() => [first, second]))
  })

  it('puts the events of a hot key into as few calls as they need, in order', async () => {
    const { server, queue } = await opened({})
    await queue.publish(
      numbered(0, 60, (n) => (n % 4 === 0 ? 'hot' : `k${n}`)),
      LIMIT,
    )
    const hot = server
      .calls('SendMessageBatch')
      .map(({ body }) => body.Entries.filter(({ Id }) => Number(Id) % 4 === 0))
    expect(hot.filter((entries) => entries.length > 0).map((entries) => entries.map(({ Id }) => Number(Id)))).toEqual([
      upTo(10).map((n) => n * 4),
      upTo(5, 10).map((n) => n * 4),
    ])
    expect(hot.length).toBe(6)
  })

  it('holds the events of a key behind a retry, the last first, and deletes only acked events', async () => {
    const key = (n: number) => (n === 0 ? 'other' : 'one')
    const handle = judging((n) => (n === 2 ? { retryInMs: 1_200 } : 'ack'))
    const server = await received(numbered(0, 5, key), handle, {}, (all) => {
      return all.calls('DeleteMessageBatch').length + all.calls('ChangeMessageVisibilityBatch').length === 2
    })
    const entries = (action: string) => server.calls(action).flatMap(({ body }) => body.Entries)
    expect(entries('DeleteMessageBatch').map((entry) => entry.ReceiptHandle)).toEqual(['test:0', 'test:1'])
    const held = entries('ChangeMessageVisibilityBatch')
    expect(held.map((entry) => [entry.ReceiptHandle, entry.VisibilityTimeout])).toEqual([
      ['test:4', 2],
      ['test:3', 2],
      ['test:2', 2],
    ])
  })

  it('keeps a key for a retry that is due within a second, and gives the rest of its events behind it', async () => {
    const seen: string[] = []
    let failed = false
    const handle: Handler = async (batch) => {
      seen.push(...batch.map(({ event }) => event.id))
      const from = failed ? -1 : batch.findIndex(({ event }) => event.id === 'test:2')
      failed ||= from !== -1
      return batch.map((_, at) => (from === -1 || at < from ? 'ack' : { retryInMs: 50 }))
    }
    const server = await received(
      numbered(0, 4, () => 'one'),
      handle,
      {},
      (all) => {
        return all.calls('DeleteMessageBatch').length === 2
      },
    )
    expect(seen).toEqual(['test:0', 'test:1', 'test:2', 'test:3', 'test:2', 'test:3'])
    expect(server.calls('ChangeMessageVisibilityBatch')).toEqual([])
    const deleted = server.calls('DeleteMessageBatch').map(({ body }) => body.Entries.map((one) => one.ReceiptHandle))
    expect(deleted).toEqual([
      ['test:0', 'test:1'],
      ['test:2', 'test:3'],
    ])
  })

  it('gives back at its end what waits here for a retry, the last of a key first', async () => {
    let judged = false
    const handle: Handler = async (batch) => {
      judged = true
      return batch.map(() => ({ retryInMs: 900 }))
    }
    const server = await received(
      numbered(0, 2, () => 'one'),
      handle,
      {},
      () => judged,
    )
    const entries = server.calls('ChangeMessageVisibilityBatch').flatMap(({ body }) => body.Entries)
    expect(entries.map((entry) => [entry.ReceiptHandle, entry.VisibilityTimeout])).toEqual([
      ['test:1', 0],
      ['test:0', 0],
    ])
  })

  it('repeats a delete that failed at the server, and not one that was refused', async () => {
    let deletes = 0
    const DeleteMessageBatch = () => ({
      json: {
        Failed: [{ Id: '0', Code: 'ReceiptHandleIsInvalid', SenderFault: true }].concat(
          deletes++ === 0 ? { Id: '1', Code: 'InternalError', SenderFault: false } : [],
        ),
      },
    })
    const handle: Handler = async (batch) => batch.map(() => 'ack')
    const server = await received(numbered(0, 3), handle, { DeleteMessageBatch }, () => deletes === 2)
    const [first, second] = server.calls('DeleteMessageBatch').map(({ body }) => body.Entries)
    expect(first!.map((entry) => entry.ReceiptHandle)).toEqual(['test:0', 'test:1', 'test:2'])
    expect(second!.map((entry) => entry.ReceiptHandle)).toEqual(['test:1'])
  })

  it('renews the lease of events that waited for a handler, and drops events that it has lost', async () => {
    let receives = 0
    let renewals = 0
    const ChangeMessageVisibilityBatch = () => {
      renewals++
      return { json: { Failed: [{ Id: '0', Code: 'ReceiptHandleIsInvalid', SenderFault: true }] } }
    }
    // One more at each receive: a machine that stood still for a lease has lost the one that waited, and another one waits.
    const ReceiveMessage = () => {
      return renewals === 0 ? { json: { Messages: [messageOf(numbered(receives++, 1)[0]!)] } } : undefined
    }
    const { server, queue } = await opened({ ReceiveMessage, ChangeMessageVisibilityBatch })
    const seen: string[] = []
    const handle: Handler = async (batch) => {
      seen.push(...batch.map(({ event }) => event.id))
      // Whenever the second one is received: it waits for as long as its renewal takes.
      while (renewals === 0) await sleep(systemClock, 10)
      return batch.map(() => 'ack')
    }
    const stop = new AbortController()
    const done = queue.consume(handle, { batchEventsMax: 1, handlersMax: 1, leaseMs: 2_000, signal: stop.signal })
    while (renewals === 0) await sleep(systemClock, 10)
    stop.abort()
    await done
    const [renewal] = server.calls('ChangeMessageVisibilityBatch')
    expect(renewal!.body.Entries).toMatchObject([{ ReceiptHandle: 'test:1', VisibilityTimeout: 2 }])
    expect(seen).toEqual(['test:0'])
  })

  it('hands out a message that it did not send as a record that is no event, with its text', async () => {
    const text = 'hello, this is no event'
    const foreign = { MessageId: 'x', ReceiptHandle: 'x', Body: text, MD5OfBody: md5(text) }
    const seen: string[] = []
    const handle: Handler = async (batch) => {
      seen.push(...batch.map(({ event }) => `${event.source} ${Buffer.from(event.body)}`))
      return batch.map(() => 'ack')
    }
    let given = false
    const ReceiveMessage = () => {
      if (given) return undefined
      given = true
      return { json: { Messages: [foreign, messageOf(anEvent('1', { body: Buffer.from('{}') }))] } }
    }
    const { server, queue } = await opened({ ReceiveMessage })
    const stop = new AbortController()
    const options = { batchEventsMax: 10, handlersMax: 1, leaseMs: 30_000, signal: stop.signal }
    const done = queue.consume(handle, options)
    while (server.calls('DeleteMessageBatch').length === 0) await sleep(systemClock, 10)
    stop.abort()
    await done
    expect(seen).toEqual([`undecodable ${text}`, 'test {}'])
    const deleted = server.calls('DeleteMessageBatch').flatMap(({ body }) => body.Entries)
    expect(deleted.map((entry) => entry.ReceiptHandle)).toEqual(['x', 'test:1'])
  })

  it('neither uses nor deletes a queue of that name that somebody else made', async () => {
    const server = await fakeSqs({ ListQueueTags: () => ({ json: { Tags: { team: 'orders' } } }) })
    ends.push(server.close)
    const at = { url: server.url, namespace: 'q' }
    for (const call of [sqsFifo.open(at), sqsFifo.drop(at)]) {
      await expect(call).rejects.toMatchObject({
        code: 'misuse',
        message: expect.stringContaining('floodmark-q.fifo was not made by floodmark'),
      })
    }
    expect(server.calls('DeleteQueue')).toEqual([])
  })

  it('tells what an existing queue does otherwise than one of its own', async () => {
    const Attributes = { FifoQueue: 'true', MessageRetentionPeriod: '3600', DelaySeconds: '5', RedrivePolicy: '{}' }
    const { queue } = await opened({ GetQueueAttributes: () => ({ json: { Attributes } }) })
    expect(queue.traits.server).toContain(
      'deletes what waits after 1 h, delays each event by 5 s, moves events to a dead-',
    )
  })

  it('asks again under one name for a receive whose answer was lost, and under another for the next', async () => {
    let receives = 0
    const ReceiveMessage = () => (receives++ < 2 ? { status: 500, json: { __type: 'InternalFailure' } } : undefined)
    const { server, queue } = await opened({ ReceiveMessage })
    const stop = new AbortController()
    const options = { batchEventsMax: 10, handlersMax: 1, leaseMs: 30_000, signal: stop.signal }
    const done = queue.consume(async (batch) => batch.map(() => 'ack'), options)
    while (server.calls('ReceiveMessage').length < 4) await sleep(systemClock, 10)
    stop.abort()
    await done
    const names = server.calls('ReceiveMessage').map(({ body }) => body.ReceiveRequestAttemptId)
    expect(names.slice(0, 3)).toEqual([names[0], names[0], names[0]])
    expect(names[3]).not.toBe(names[0])
  })

  it('waits for a server that is away, for however long, and tells it once', async () => {
    let awayMs = 0
    let receives = 0
    const ReceiveMessage = () => {
      receives++
      // An hour passes with each failure.
      awayMs = 3_600_000 * Math.min(3, receives)
      if (receives < 4) return { status: 500, json: { __type: 'InternalFailure' } }
      return receives === 4 ? { json: { Messages: [messageOf(numbered(0, 1)[0]!)] } } : undefined
    }
    const server = await fakeSqs({ ReceiveMessage })
    ends.push(server.close)
    const clock = { ...systemClock, monotonic: () => performance.now() + awayMs }
    const queue = await sqsFifo.open({ url: server.url, namespace: 'q', clock })
    ends.push(() => queue.close())
    const stop = new AbortController()
    const told: string[] = []
    const seen: string[] = []
    const onError = (error: unknown) => void told.push((error as Error).message)
    const options = { batchEventsMax: 10, handlersMax: 1, leaseMs: 30_000, signal: stop.signal, onError }
    const done = queue.consume(async (batch) => {
      seen.push(...batch.map(({ event }) => event.id))
      return batch.map(() => 'ack')
    }, options)
    while (seen.length === 0) await sleep(systemClock, 10)
    stop.abort()
    await done
    expect(seen).toEqual(['test:0'])
    expect(told).toHaveLength(2)
    expect(told[0]).toMatch(/^nothing could be received from SQS for \d+ s: SQS: .*It is tried until it works$/)
    expect(told[1]).toMatch(/that is over$/)
  })

  it('reads its limits from the queue, and refuses a queue that is not FIFO', async () => {
    const attributes = (Attributes: object) => ({ GetQueueAttributes: () => ({ json: { Attributes } }) })
    const { queue } = await opened(attributes({ FifoQueue: 'true', MaximumMessageSize: '262144' }))
    expect(queue.traits.publishBytesMax).toBe((262_144 / 4 - 10) * 3)
    expect(queue.traits.server).toMatch(/emulator .* promises no durability/)
    const { server } = await opened({})
    const standard = await fakeSqs(attributes({ MaximumMessageSize: '262144' }))
    ends.push(standard.close)
    await expect(sqsFifo.open({ url: standard.url, namespace: 'q' })).rejects.toMatchObject({ code: 'misuse' })
    await expect(sqsFifo.open({ url: server.url, namespace: 'Q/..' })).rejects.toMatchObject({ code: 'misuse' })
  })

  it('sends source and key as they are where SQS allows their characters, and always hashes ids', () => {
    const group = (key: string) => entryOf(anEvent('1', { key }), 0, true).MessageGroupId
    expect(group('order_1:ä')).toMatch(/^[0-9a-f]{64}$/)
    expect(group('a b')).toMatch(/^[0-9a-f]{64}$/)
    expect(group('x'.repeat(123))).toBe(`test:${'x'.repeat(123)}`)
    expect(group('x'.repeat(124))).toMatch(/^[0-9a-f]{64}$/)
    expect(entryOf(anEvent('1', { source: 'other' }), 0, true).MessageGroupId).not.toBe(
      entryOf(anEvent('1'), 0, true).MessageGroupId,
    )
    expect(entryOf(anEvent('1'), 0, true).MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/)
  })

  it('takes only an AWS address over TLS for AWS, and every other address for an emulator', () => {
    const aws = { aws: true, region: 'eu-west-1' }
    expect(addressOf('https://sqs.eu-west-1.amazonaws.com')).toMatchObject(aws)
    expect(addressOf('https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/')).toMatchObject(aws)
    expect(addressOf('http://127.0.0.1:4566')).toMatchObject({ aws: false, endpoint: 'http://127.0.0.1:4566' })
    expect(addressOf('https://sqs.eu-west-1.amazonaws.com.example')).toMatchObject({ aws: false })
    for (const url of ['http://sqs.eu-west-1.amazonaws.com', 'redis://127.0.0.1', 'sqs', '']) {
      expect(() => addressOf(url)).toThrow(`'${url}' is not an address of SQS`)
    }
    expect(() => addressOf('sqs')).toThrow("'sqs' is not an address of SQS")
    expect(() => addressOf('me:secret@sqs?token=secret')).toThrow("'sqs' is not an address of SQS")
    const withLogin = () => addressOf('http://me:secret@sqs.eu-west-1.amazonaws.com')
    expect(withLogin).toThrow("'http://sqs.eu-west-1.amazonaws.com' is not an address of SQS")
  })
})
