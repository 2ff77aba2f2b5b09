import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import shopify from '../../../providers/shopify.ts'
import standardWebhooks from '../../../providers/standard-webhooks.ts'
import stripe from '../../../providers/stripe.ts'
import twilio from '../../../providers/twilio.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { taken } from './taken.ts'

const CHARGE = '{"id":"evt_1","type":"charge.succeeded","data":{"object":{"customer":"cus_1"}}}'
const PUSH = '{"ref":"refs/heads/main","repository":{"full_name":"a/b","id":1},"id":"evt_9","type":"x"}'
const ORDER = '{"id":1,"admin_graphql_api_id":"gid://shopify/Order/1"}'
const CONTACT = '{"type":"contact.created","data":{"id":"c1"}}'
const FORM = 'MessageSid=SM1&SmsStatus=received&From=%2B1&To=%2B2&Body=hi'
const charge = JSON.parse(CHARGE)
const push = JSON.parse(PUSH)
const headers = { 'X-GitHub-Delivery': 'd-1', 'X-GitHub-Event': 'push' }
const pairs = Object.entries(headers).map(([name, value]) => ({ name, value }))
const fields = [...new URLSearchParams(FORM)].map(([name, value]) => ({ name, key: name, value }))
const base64 = (text: string) => Buffer.from(text).toString('base64')
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const post = { method: 'POST', path: '/hook', url: 'http://x/hook' }
const har = (postData: unknown) => ({ log: { entries: [{ request: { ...post, headers: [], postData } }] } })
const stored = { id: 'log1', type: 'logs', '@timestamp': 't', message: CHARGE }
const form = 'application/x-www-form-urlencoded'

const PUSHED = `push ${PUSH}`
const CHARGED = `charge.succeeded ${CHARGE}`
const RECEIVED = `message.received ${FORM}`

describe('npm run record takes the body, and the headers beside it, out of what is written by', () => {
  it.each<[string, Provider, unknown, readonly string[]]>([
    [
      'a mock server’s journal',
      github,
      { requests: [{ ...post, headers, body: PUSH, bodyAsBase64: base64(PUSH) }] },
      [PUSHED],
    ],
    [
      'an imposter',
      stripe,
      { protocol: 'http', requests: [{ ...post, headers: {}, body: CHARGE }], stubs: [] },
      [CHARGED],
    ],
    ['a mock server, its body as JSON', github, [{ ...post, headers, body: { type: 'JSON', json: push } }], [PUSHED]],
    [
      'a mock server, its body as a text',
      github,
      [
        {
          ...post,
          headers: pairs.map(({ name, value }) => ({ name, values: [value] })),
          body: { type: 'STRING', string: PUSH, contentType: 'application/json' },
        },
      ],
      [PUSHED],
    ],
    [
      'a mock server, its body in base64',
      stripe,
      [{ ...post, body: { type: 'BINARY', base64Bytes: base64(CHARGE) } }],
      [CHARGED],
    ],
    [
      'a debugging proxy',
      github,
      [{ ...post, request: { header: { firstLine: 'POST', headers: pairs }, body: { text: PUSH, charset: null } } }],
      [PUSHED],
    ],
    [
      'an echo server with a form',
      twilio,
      { args: {}, data: '', form: Object.fromEntries(new URLSearchParams(FORM)), headers: {} },
      [RECEIVED],
    ],
    [
      'an old Postman collection',
      github,
      {
        id: 'c',
        name: 'n',
        requests: [{ id: 'r', ...post, headers: 'X-GitHub-Event: push\n', rawModeData: PUSH, data: [] }],
      },
      [PUSHED],
    ],
    [
      'the API of Postman',
      stripe,
      { collection: { info: {}, item: [{ request: { header: [], body: { mode: 'raw', raw: CHARGE } } }] } },
      [CHARGED],
    ],
    [
      'a Postman form with a field that is off',
      twilio,
      {
        info: {},
        item: [
          {
            request: {
              body: { mode: 'urlencoded', urlencoded: [...fields, { key: 'Off', value: '1', disabled: true }] },
              header: [],
            },
          },
        ],
      },
      [RECEIVED],
    ],
    [
      'a browser that keeps parameters as they were sent',
      twilio,
      har({
        mimeType: form,
        params: FORM.split('&').map((one) => ({ name: one.split('=')[0], value: one.split('=')[1] })),
      }),
      [RECEIVED],
    ],
    ['a browser that keeps them decoded', twilio, har({ mimeType: form, text: '', params: fields }), [RECEIVED]],
    [
      'a gateway that leaves gzip as it came',
      stripe,
      { headers: {}, body: gzipSync(CHARGE).toString('base64'), isBase64Encoded: true },
      [CHARGED],
    ],
    [
      'a function in its raw form',
      stripe,
      { __ow_method: 'post', __ow_headers: {}, __ow_body: base64(CHARGE) },
      [CHARGED],
    ],
    [
      'a log service',
      stripe,
      { data: [{ id: 'A', type: 'log', attributes: { timestamp: 't', message: CHARGE } }], links: {} },
      [CHARGED],
    ],
    [
      'a store of log streams',
      stripe,
      {
        status: 'success',
        data: {
          resultType: 'streams',
          result: [
            {
              stream: {},
              values: [
                ['1', CHARGE],
                ['2', CHARGE],
              ],
            },
          ],
        },
      },
      [CHARGED, CHARGED],
    ],
    ['a search of logs', stripe, { hits: { hits: [{ _id: 'a', _source: stored }] } }, [CHARGED]],
    [
      'a search of logs, in lines',
      github,
      `${JSON.stringify({ result: { _raw: PUSH, _time: 't' } })}\n`.repeat(2),
      [`unknown ${PUSH}`, `unknown ${PUSH}`],
    ],
    [
      'a journal',
      github,
      { __REALTIME_TIMESTAMP: '1', MESSAGE: JSON.stringify({ headers, body: push }), PRIORITY: '6' },
      [PUSHED],
    ],
    [
      'a sender’s list of messages',
      standardWebhooks,
      { data: [{ id: 'm', eventType: 'c', payload: JSON.parse(CONTACT), timestamp: 't' }], iterator: 'i' },
      [`contact.created ${CONTACT}`],
    ],
    [
      'a gateway’s page in an answer',
      stripe,
      { status: true, data: { content: [{ uid: 'u', data: charge, raw: CHARGE, headers: {} }], pagination: {} } },
      [CHARGED],
    ],
    [
      'a partner’s event bus',
      shopify,
      { 'detail-type': 's', detail: { payload: JSON.parse(ORDER), metadata: { 'X-Shopify-Topic': 'orders/paid' } } },
      [`orders/paid ${ORDER}`],
    ],
    [
      'a topic with attributes',
      shopify,
      {
        message: { data: base64(ORDER), attributes: { 'X-Shopify-Topic': 'orders/paid' }, messageId: '1' },
        subscription: 's',
      },
      [`orders/paid ${ORDER}`],
    ],
    [
      'a queue with attributes',
      github,
      {
        Messages: [
          {
            ReceiptHandle: 'r',
            Body: PUSH,
            MessageAttributes: { 'X-GitHub-Event': { StringValue: 'push', DataType: 'String' } },
          },
        ],
      },
      [PUSHED],
    ],
    ['a robot’s tests', github, { event: 'push', id: '1', payload: push }, [`unknown ${PUSH}`]],
    [
      'a sender’s examples',
      github,
      [{ name: 'push', description: 'd', examples: [push, push] }],
      [`unknown ${PUSH}`, `unknown ${PUSH}`],
    ],
    [
      'a sender’s list in pages by address',
      stripe,
      { data: [charge], next_page_url: null, previous_page_url: null },
      [CHARGED],
    ],
    [
      'a hook’s log',
      stripe,
      [{ id: 1, request_headers: { A: 'b' }, request_data: charge, response_body: 'ok' }],
      [CHARGED],
    ],
    ['a table', stripe, `id,created_at,payload\n1,2026-01-01,${quoted(CHARGE)}\n`, [CHARGED]],
    [
      'a request bin’s table',
      github,
      `uuid;method;url;headers;content\r\nu;POST;http://x;${quoted(JSON.stringify(headers))};${quoted(PUSH)}\r\n`,
      [PUSHED],
    ],
    ['a list with a comma too many', stripe, `[\n${CHARGE},\n${CHARGE},\n]\n`, [CHARGED, CHARGED]],
    ['a sequence of JSON texts', stripe, `\u001e${CHARGE}\n\u001e${CHARGE}\n`, [CHARGED, CHARGED]],
    [
      'an event stream',
      github,
      `id:1\nevent:message\ndata:${JSON.stringify({ headers, body: push })}\n\n`,
      ['not JSON', 'not JSON', PUSHED],
    ],
  ])('%s', async (_, provider, content, expected) => {
    expect(await taken(provider, content)).toEqual(expected)
  })

  it.each([
    ['2026-01-01T00:00:00.000Z\t8f5b-1\tINFO\t', ''],
    ['web-1  | ', ''],
    ['2026-01-01T00:00:00.1+00:00 app[web.1]: ', ''],
    ['[2026-01-01 00:00:00] webhook.INFO: received ', ' []'],
  ])('a log whose lines begin with %j', async (before, behind) => {
    const lines = [`${before}listening on 8080`, `${before}${CHARGE}${behind}`, `${before}${CHARGE}${behind}`]
    expect(await taken(stripe, lines.join('\n'))).toEqual(['not JSON', CHARGED, CHARGED])
  })

  it('a file of requests as they go over the wire, a replayer’s and an editor’s', async () => {
    const head = 'Host: x\r\nX-GitHub-Event: push\r\n'
    const wire = `POST /hook HTTP/1.1\r\n${head}\r\n${PUSH}`
    const chunked = `POST /hook HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n5\r\n${PUSH.slice(0, 5)}\r\n${(PUSH.length - 5).toString(16)}\r\n${PUSH.slice(5)}\r\n0\r\n\r\n`
    const editor = `### a push\nPOST https://x/hook\nX-GitHub-Event: push\n\n${PUSH}\n\n### another\n\nPOST https://x/hook\nX-GitHub-Event: push\n\n${PUSH}`
    const replayed = `1 8e09 1439301588000000000 0\n${wire}\n🐵🙈🙉\n`
    expect(await taken(github, chunked)).toEqual([PUSHED])
    for (const text of [editor, replayed.repeat(2)]) expect(await taken(github, text)).toEqual([PUSHED, PUSHED])
  })
})

describe('npm run record takes nothing else for a body', () => {
  it.each<[string, unknown]>([
    [
      'log without a request',
      { id: '2', type: 'stdout', message: 'hello', timestamp: 1, source: 'lambda', deploymentId: 'd' },
    ],
    ['log without a request', { level: 30, time: 1, id: 'a', type: 'boot', msg: 'listening' }],
    ['an attempt without its message', { id: 'a', type: 't', msgId: 'm', response: '{}', responseStatusCode: 200 }],
    [
      'a request without a body',
      { info: {}, item: [{ request: { ...post, body: { mode: 'graphql', graphql: { query: '{a}' } } } }] },
    ],
    [
      'a request without a body',
      { outcome: 'ok', event: { request: { ...post, headers } }, logs: [{ message: [CHARGE] }] },
    ],
  ])('but says %s', async (why, value) => {
    expect(await taken(stripe, value)).toEqual([expect.stringContaining(why)])
  })

  it('and leaves webhooks that look a little like these as they are', async () => {
    const webhooks = [
      { event: 'meeting.started', event_ts: 1, payload: { account_id: 'a', object: { id: 'm' } } },
      { level: 'error', message: 'It broke', timestamp: 1, project: 'p', event: { id: 'e' } },
      { type: 'JSON', json: { a: 1 }, id: 'i' },
      { text: 'Hello', type: 'message' },
      { requests: [{ id: 1, amount: 2 }], total: 1 },
      {
        id: 'i',
        project: 'p',
        event: { message: 'It broke', request: { ...post, headers: { A: 'b' }, data: { a: 1 } } },
      },
    ].map((one) => JSON.stringify(one))
    for (const one of webhooks) {
      expect(await taken(github, `${one}\n${one}\n`)).toEqual([`unknown ${one}`, `unknown ${one}`])
    }
    const pretty = `what came:\n{\n  "id": "evt_1",\n  "owner": {"id": "x", "type": "y"}\n}\n`
    await expect(taken(stripe, pretty)).rejects.toThrow('is not JSON')
  })
})
