import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import stripe from '../../../providers/stripe.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { itemOf } from '../../../src/runner/recording/typed-values.ts'
import { taken } from './taken.ts'

const CHARGE = '{"id":"evt_1","type":"charge.succeeded","note":"h\u00e9 \\"x\\""}'
const PUSH = '{"ref":"refs/heads/main","repository":{"full_name":"a/b","id":1}}'
const CHARGED = `charge.succeeded ${CHARGE}`
const PUSHED = `push ${PUSH}`
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const headers = { 'X-GitHub-Event': 'push' }
const record = { topic: 't', partition: 0, offset: 7, key: null }
const delivery = {
  id: 1,
  guid: 'g',
  delivered_at: 'now',
  event: 'push',
  request: { headers, payload: JSON.parse(PUSH) },
}
const listed = { id: 1, guid: 'g', delivered_at: 'now', event: 'push', status: 'OK' }
const NO_REQUEST = expect.stringContaining('a delivery without its request')
const logEvents = [{ id: '1', timestamp: 1, message: CHARGE }]

/** What people keep webhooks in once they have left HTTP: queues, streams, tables and stores of logs. */
describe('npm run record takes the body, and the headers beside it, out of', () => {
  it.each<[string, Provider, unknown, readonly string[]]>([
    // edenhill/kcat#295: names and values of headers in turns.
    ['kcat', github, { ...record, headers: ['X-GitHub-Event', 'push'], payload: PUSH }, [PUSHED]],
    ['a console of Kafka', github, { ...record, headers, value: JSON.parse(PUSH) }, [PUSHED]],
    ['a list of its records', github, [{ ...record, headers, value: PUSH }], [PUSHED]],
    [
      'a function of Kafka',
      github,
      {
        eventSource: 'aws:kafka',
        records: {
          't-0': [{ ...record, value: base64(PUSH), headers: [{ 'X-GitHub-Event': [...Buffer.from('push')] }] }],
        },
      },
      [PUSHED],
    ],
    [
      'a console of RabbitMQ',
      github,
      [{ payload: base64(PUSH), payload_encoding: 'base64', properties: { headers }, exchange: '', routing_key: 'q' }],
      [PUSHED],
    ],
    ['a bus with properties', github, { body: PUSH, applicationProperties: headers, messageId: 'm' }, [PUSHED]],
    [
      'a task of a queue',
      github,
      { name: 'n', httpRequest: { url: 'http://x', headers, body: base64(PUSH) } },
      [PUSHED],
    ],
    ['a stream', stripe, { Records: [{ SequenceNumber: '1', PartitionKey: 'k', Data: base64(CHARGE) }] }, [CHARGED]],
    ['a stream of deliveries', stripe, { records: [{ recordId: 'r', data: base64(CHARGE) }] }, [CHARGED]],
    [
      'a subscription to logs',
      stripe,
      { awslogs: { data: base64(gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents }))) } },
      [CHARGED],
    ],
    // open-telemetry/opentelemetry-java#6836, observIQ/bindplane-otel-collector#1542.
    [
      'a file of log records',
      stripe,
      `${JSON.stringify({
        resourceLogs: [
          { resource: {}, scopeLogs: [{ logRecords: [{ timeUnixNano: '1', body: { stringValue: CHARGE } }] }] },
        ],
      })}`.repeat(2),
      [CHARGED, CHARGED],
    ],
    // aws/aws-sdk-js#1369, artie-labs/transfer#157: each value with its type.
    ['a line of an export', stripe, { Item: { pk: { S: '1' }, payload: { S: CHARGE } } }, [CHARGED]],
    [
      'a scan of a table',
      github,
      { Count: 1, Items: [{ pk: { N: '1' }, headers: { M: { 'X-GitHub-Event': { S: 'push' } } }, body: { S: PUSH } }] },
      [PUSHED],
    ],
    [
      'a change of a table',
      stripe,
      { Records: [{ eventName: 'INSERT', dynamodb: { NewImage: { body: { S: CHARGE } } } }] },
      [CHARGED],
    ],
    [
      'an item that was removed',
      stripe,
      { Records: [{ eventName: 'REMOVE', dynamodb: { Keys: { pk: { S: '1' } }, OldImage: { body: { S: CHARGE } } } }] },
      [CHARGED],
    ],
    ['a change without types', stripe, { eventName: 'INSERT', dynamodb: { NewImage: { body: CHARGE } } }, [CHARGED]],
    ['a record of Kafka with a name of its own', stripe, { ...record, message: JSON.parse(CHARGE) }, [CHARGED]],
    [
      'a log record with the body beside its line',
      stripe,
      {
        timeUnixNano: '1',
        body: { stringValue: 'received' },
        attributes: [{ key: 'http.body', value: { stringValue: CHARGE } }],
      },
      [CHARGED],
    ],
    [
      'a document with bytes',
      github,
      [{ base64: base64(PUSH), subType: '00' }, base64(PUSH)].map((one) => ({ headers, body: { $binary: one } })),
      [PUSHED, PUSHED],
    ],
    ['a row in base64', stripe, { id: 1, received: 'now', payload: base64(CHARGE) }, [CHARGED]],
    ['a row in gzip', stripe, { id: 1, received: 'now', payload: base64(gzipSync(CHARGE)) }, [CHARGED]],
    [
      'a server of Node',
      github,
      { method: 'POST', url: '/', rawHeaders: ['X-GitHub-Event', 'push'], body: PUSH },
      [PUSHED],
    ],
    ['texts of JSON in a list', stripe, [CHARGE, CHARGE], [CHARGED, CHARGED]],
    ['texts of JSON in lines', stripe, `${JSON.stringify(CHARGE)}\n${JSON.stringify(CHARGE)}\n`, [CHARGED, CHARGED]],
    [
      'a list in Redis',
      stripe,
      `1) ${JSON.stringify(CHARGE).replace('\u00e9', '\\xc3\\xa9')}\n2) 1) "payload"\n   2) ${JSON.stringify(CHARGE)}\n`,
      [CHARGED, 'not JSON', CHARGED],
    ],
    // cli/cli#1268 and #5347: a list for each page, pwntester/octo.nvim#820: a list of them.
    ['pages one behind the other', github, JSON.stringify([delivery]).repeat(2), [PUSHED, PUSHED]],
    ['pages in a list', github, [[delivery, delivery], [delivery]], [PUSHED, PUSHED, PUSHED]],
    ['pages without requests', github, [[listed], [listed]], [NO_REQUEST, NO_REQUEST]],
  ])('%s', async (_, provider, content, expected) => {
    expect(await taken(provider, content)).toEqual(expected)
  })

  it.each<[string, unknown]>([
    ['a record without a body', { ...record, payload: null }],
    ['a record of a stream without JSON', { SequenceNumber: '1', PartitionKey: 'k', Data: base64('a=b') }],
    ['a log record that is taken apart', { timeUnixNano: '1', body: { kvlistValue: { values: [] } } }],
  ])('or says that it cannot: %s', async (_, content) => {
    expect(await taken(github, content)).toEqual([expect.stringContaining('in a form that is not known')])
  })

  it('or says that a change of a table has no item', async () => {
    const keys = { eventName: 'REMOVE', dynamodb: { Keys: { pk: { S: '1' } }, SequenceNumber: '7' } }
    expect(await taken(github, { Records: [keys, keys] })).toEqual(
      Array(2).fill('a change of a table without its item: a stream with new and old images has it'),
    )
  })

  it('and leaves alone what senders themselves send', async () => {
    const lists = [
      [{ email: 'a@b.c', timestamp: 1, event: 'processed', sg_event_id: 's' }],
      [{ id: 'i', topic: 't', subject: 's', data: { a: 1 }, eventType: 'e', dataVersion: '1' }],
      [[1, 2], [3]],
      ['a', 'b'],
      // And objects that look a little like those above.
      { recordId: 'r', event: 'updated', data: { id: 1 } },
      { recordId: 'r', data: 'hello' },
      {
        records: [
          { recordId: 'r', data: { id: 1 } },
          { recordId: 's', data: { id: 2 } },
        ],
      },
      { SequenceNumber: 1, Data: 'hello' },
      { service: 's', dynamodb: { status: 'down' } },
      { destination: 'U', events: [{ type: 'message', message: { text: 'hi' }, timestamp: 1 }] },
      [{ level: 'info', timestamp: 1, message: 'a platform sends its log' }],
      { OrderId: 1, Count: 1, Items: [{ Sku: 's' }] },
      { Item: { Sku: 's' }, records: [{ a: 1 }], properties: { color: 'red' } },
      { payload: 'aGVsbG8gd29ybGQ=', id: 1 },
    ].map((one) => JSON.stringify(one))
    expect(await taken(github, lists.join('\n'))).toEqual(lists.map((one) => `unknown ${one}`))
  })
})

it('a typed item is plain without its types, and any other object is none', () => {
  const typed = {
    s: { S: 'a' },
    n: { N: '1.5' },
    l: { L: [{ BOOL: true }, { NULL: true }] },
    m: { M: { s: { SS: ['b'] } } },
  }
  expect(itemOf(typed)).toEqual({ s: 'a', n: 1.5, l: [true, null], m: { s: ['b'] } })
  for (const other of [{}, { a: 1 }, { a: { S: 'x', N: '1' } }, { a: { S: 'x' }, b: 'y' }, { a: { toString: 'x' } }]) {
    expect(itemOf(other)).toBeUndefined()
  }
})
