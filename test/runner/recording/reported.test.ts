import { describe, expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import shopify from '../../../providers/shopify.ts'
import stripe from '../../../providers/stripe.ts'
import twilio from '../../../providers/twilio.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { templateOf } from '../../../src/runner/recording/template.ts'
import { taken } from './taken.ts'

const CHARGE = '{"id":"evt_1","type":"charge.succeeded","data":{"object":{"customer":"cus_1"}}}'
const PUSH = '{"ref":"refs/heads/main","repository":{"full_name":"a/b","id":1}}'
const ACCENT = '{"id":"evt_1","type":"charge.succeeded","note":"h\u00e9 \\"x\\"\\n"}'
const CHARGED = `charge.succeeded ${CHARGE}`
const PUSHED = `push ${PUSH}`
const SMS = 'MessageSid=SM1&SmsStatus=received&From=%2B1&To=%2B2&Body=hi'
const FORM_TYPE = 'application/x-www-form-urlencoded; charset=utf-8'
const pairs = [{ key: 'X-GitHub-Event', name: 'X-GitHub-Event', value: 'push', active: true }]
const base64 = (text: string) => Buffer.from(text).toString('base64')
/** As nginx escapes by default. */
const hex = (text: string) =>
  [...Buffer.from(text)]
    .map((byte) => {
      const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
const log = (body: string) =>
  `1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "POST /hook HTTP/1.1" 200 2 "-" "S/1" "${hex(body)}" 0.004`

/** What people keep webhooks in, as they describe it in public. */
describe('npm run record takes the body out of', () => {
  it.each<[string, Provider, unknown, readonly string[]]>([
    // openresty/lua-nginx-module#1461, elastic/examples#135, alphagov/govuk-helm-charts#1209: nginx escapes by \x22.
    [
      'an access log of nginx with bodies',
      stripe,
      `${log(CHARGE)}\n${log(ACCENT)}\n`,
      [CHARGED, `charge.succeeded ${ACCENT}`],
    ],
    [
      'a log of nginx in JSON that is not escaped for it',
      stripe,
      `{"time":"2026-01-01T00:00:00Z","request":"POST /hook HTTP/1.1","request_body":"${hex(ACCENT)}"}\n`,
      [`charge.succeeded ${ACCENT}`],
    ],
    ['lines of nginx that are a body each', stripe, `${hex(CHARGE)}\n${hex(CHARGE)}\n`, [CHARGED, CHARGED]],
    // epcc-cli#117, laravel-http-logger#19: requests logged as commands.
    ['a command of curl on one line', stripe, `curl -X POST 'https://x/hook' -d '${CHARGE}' -H 'a: b'\n`, [CHARGED]],
    // aws-sdk-pandas#2860: a list of rows, each a list of names with their values.
    [
      'an answer to a query of logs',
      stripe,
      {
        results: [
          [
            { field: '@timestamp', value: '2026-01-01 00:00:00.000' },
            { field: '@message', value: CHARGE },
          ],
        ],
        status: 'Complete',
      },
      [CHARGED],
    ],
    [
      'tables with their columns apart',
      github,
      {
        tables: [
          {
            name: 'PrimaryResult',
            columns: [{ name: 'timestamp' }, { name: 'message' }],
            rows: [['t', JSON.stringify({ headers: { 'X-GitHub-Event': 'push' }, body: PUSH })]],
          },
        ],
      },
      [PUSHED],
    ],
    [
      'an answer of a column store',
      github,
      { meta: [{ name: 'body', type: 'String' }], data: [{ body: PUSH }], rows: 1 },
      [`unknown ${PUSH}`],
    ],
    [
      'a dump of collections',
      github,
      {
        version: 1,
        collections: [
          {
            id: 'c',
            requests: [{ method: 'POST', url: 'http://x', headers: 'X-GitHub-Event: push\n', rawModeData: PUSH }],
          },
        ],
        environments: [],
      },
      [PUSHED],
    ],
    // usebruno/bruno#1629, hoppscotch#2078: collections of other clients.
    [
      'a collection whose body says its type',
      github,
      {
        v: 2,
        name: 'n',
        folders: [],
        requests: [
          {
            method: 'POST',
            endpoint: 'http://x',
            headers: pairs,
            body: { contentType: 'application/json', body: PUSH },
          },
        ],
      },
      [PUSHED],
    ],
    // usebruno/bruno#511.
    [
      'a collection whose body has a form beside it',
      github,
      {
        client: 'c',
        requests: [{ method: 'POST', url: 'http://x', headers: pairs, body: { type: 'json', raw: PUSH, form: [] } }],
      },
      [PUSHED],
    ],
    [
      'a workflow of a cloud',
      github,
      { headers: { 'X-GitHub-Event': 'push' }, body: { '$content-type': 'application/json', $content: base64(PUSH) } },
      [PUSHED],
    ],
    // probot/smee.io, and what logs a body that a middleware has read: a form is an object by then.
    [
      'a logging middleware that had a form',
      twilio,
      {
        method: 'POST',
        url: '/hook',
        headers: { 'Content-Type': FORM_TYPE },
        body: Object.fromEntries(new URLSearchParams(SMS)),
      },
      [`message.received ${SMS}`],
    ],
    [
      'a tunnel for webhooks that had a form',
      github,
      { 'content-type': FORM_TYPE, 'x-github-event': 'push', body: { payload: PUSH }, timestamp: 1 },
      [`push payload=${encodeURIComponent(PUSH)}`],
    ],
    // PHP and curl have each header as a line.
    [
      'a list of lines of headers',
      github,
      {
        headers: ['POST /hook HTTP/1.1', 'Content-Type: application/json', 'X-GitHub-Event: push', 'X-None:'],
        body: PUSH,
      },
      [PUSHED],
    ],
    ['one such line', github, { headers: ['X-GitHub-Event: push\r\n'], body: PUSH }, [PUSHED]],
    [
      'a list in a body that is none of the provider',
      stripe,
      { page: 1, rows: [[{ json: JSON.parse(CHARGE) }]] },
      [CHARGED],
    ],
  ])('%s', async (_, provider, content, expected) => {
    expect(await taken(provider, content)).toEqual(expected)
  })

  it.each<[string, Provider, unknown]>([
    [
      'an execution of a workflow',
      github,
      { data: { run: [[{ json: { headers: { 'x-github-event': 'push' }, body: JSON.parse(PUSH) } }]] } },
    ],
    [
      'a function at the edge',
      github,
      {
        Records: [
          {
            cf: {
              request: {
                headers: { 'x-github-event': [{ key: 'X-GitHub-Event', value: 'push' }] },
                body: { data: base64(PUSH), encoding: 'base64' },
              },
            },
          },
        ],
      },
    ],
    ['a dump of an environment', github, { env: { HTTP_X_GITHUB_EVENT: 'push', 'rack.input': PUSH } }],
    ['a text in a text', shopify, { text: JSON.stringify({ all: [{ 'X-Shopify-Topic': 'orders/paid' }] }) }],
  ])('or refuses what has headers of the provider in it: %s', async (_, provider, content) => {
    expect(await taken(provider, content)).toEqual([expect.stringContaining('make it {"headers"')])
  })

  it('and leaves alone a webhook that speaks of such headers, and one that has a list of parts', async () => {
    const issue = JSON.stringify({
      repository: { full_name: 'a/b' },
      issue: { body: 'I set {"X-GitHub-Event": "push"}' },
    })
    expect(await taken(github, issue)).toEqual([`unknown ${issue}`])
    const parts = JSON.stringify({ id: 'evt_1', items: [{ id: 'i', type: 'sku' }] })
    expect(await taken(stripe, parts)).toEqual([`unknown ${parts}`])
    const note = { type: 'note', body: 'hello' }
    expect(await taken(github, { headers: { a: 'b' }, body: note })).toEqual([`unknown ${JSON.stringify(note)}`])
  })

  it('and makes of a form of GitHub the JSON in it, as a hook that is set to JSON sends it', () => {
    const form = Buffer.from(new URLSearchParams({ payload: PUSH }).toString())
    const { type, body } = templateOf(github, { headers: { 'x-github-event': 'push' }, body: form })
    expect([type, JSON.parse(body)]).toMatchObject([
      'push',
      { ref: expect.any(String), repository: { full_name: '<key>' } },
    ])
    expect(() => templateOf(stripe, { headers: {}, body: form })).toThrow('not JSON')
  })

  it.each([
    ['bzip2', Buffer.from('BZh91AY&SY')],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ])('but says that a file is %s', async (name, bytes) => {
    await expect(taken(stripe, bytes)).rejects.toThrow(`is ${name}: unpack it first`)
  })
})
