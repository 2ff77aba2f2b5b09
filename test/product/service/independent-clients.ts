import { execFile } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { oracle, oraclesMissing } from '../../oracles/oracle.ts'

/*
 * Senders that know nothing of the kit: what they sign and send is made by other people's code, or by a line of OpenSSL. Each gives the ids
 * of the events that were acknowledged, as the ledger has them.
 */

const run = promisify(execFile)
export const SECRETS = {
  github: 'a secret that github knows',
  standard: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  stripe: 'whsec_a_secret_that_stripe_knows',
} as const

export const ROUTES = `
  '/github': { provider: 'github', secrets: { env: 'GITHUB' } },
  '/standard': { provider: 'standard-webhooks', secrets: { env: 'STANDARD' } },
  '/stripe': { provider: 'stripe', secrets: { env: 'STRIPE' } },`
export const ENVIRONMENT = { GITHUB: SECRETS.github, STANDARD: SECRETS.standard, STRIPE: SECRETS.stripe }

interface SentBy {
  readonly port: number
  readonly folder: string
  readonly events: number
}
export interface IndependentClient {
  readonly name: string
  readonly missing?: string | undefined
  send(by: SentBy): Promise<readonly string[]>
}

type Signer = (id: string, at: Date, body: string) => Record<string, string>
type WebhookClass = new (secret: string) => { sign(id: string, at: Date, body: string): string }
type StripeClass = new (
  key: string,
) => {
  readonly webhooks: { generateTestHeaderString(given: { payload: string; secret: string }): string }
}

function post(port: number, path: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, method: 'POST', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject).end(body)
  })
}

async function sendSigned({ port, events }: SentBy, source: string, path: string, sign: Signer): Promise<string[]> {
  const acked: string[] = []
  for (let at = 0; at < events; at++) {
    const id = `evt_${randomUUID()}`
    const body = JSON.stringify({ id, type: 'invoice.paid', data: { object: { id: `in_${at}` } } })
    const headers = { 'content-type': 'application/json', ...sign(id, new Date(), body) }
    const status = await post(port, path, headers, body)
    if (status !== 200) throw new Error(`${path} answered ${status}`)
    acked.push(`${source}:${id}`)
  }
  return acked
}

function standard(name: string, family: 'webhook' | 'svix'): IndependentClient {
  return {
    name: `the SDK ${name}`,
    missing: oraclesMissing,
    async send(by) {
      const { Webhook } = oracle<{ Webhook: WebhookClass }>(name)
      const webhook = new Webhook(SECRETS.standard)
      return sendSigned(by, 'standard-webhooks', '/standard', (id, at, body) => ({
        [`${family}-id`]: id,
        [`${family}-timestamp`]: String(Math.floor(at.getTime() / 1_000)),
        [`${family}-signature`]: webhook.sign(id, at, body),
      }))
    },
  }
}

const stripe: IndependentClient = {
  name: 'the SDK stripe',
  missing: oraclesMissing,
  async send(by) {
    const Stripe = oracle<StripeClass>('stripe')
    const { webhooks } = new Stripe('sk_test_none')
    return sendSigned(by, 'stripe', '/stripe', (_, __, body) => ({
      'stripe-signature': webhooks.generateTestHeaderString({ payload: body, secret: SECRETS.stripe }),
    }))
  },
}

const http: IndependentClient = {
  name: 'node:http',
  send: (by) =>
    sendSigned(by, 'github', '/github', (id, _, body) => ({
      'x-github-delivery': id,
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRETS.github).update(body).digest('hex')}`,
    })),
}

const BODY = '{"repository":{"full_name":"a/b"}}'

const curl: IndependentClient = {
  name: 'curl and openssl',
  missing: existsSync('/usr/bin/curl') && existsSync('/usr/bin/openssl') ? undefined : 'curl and openssl: install them',
  async send({ port, events, folder }) {
    writeFileSync(join(folder, 'body.json'), BODY)
    const { stdout } = await run('openssl', ['dgst', '-sha256', '-hmac', SECRETS.github, join(folder, 'body.json')])
    const signature = `x-hub-signature-256: sha256=${stdout.trim().split(' ').at(-1)}`
    const acked: string[] = []
    for (let at = 0; at < events; at++) {
      const id = `curl-${at}`
      const headers = [signature, `x-github-delivery: ${id}`, 'x-github-event: push', 'content-type: application/json']
      const flags = ['--silent', '--show-error', '--fail', '--data-binary', `@${join(folder, 'body.json')}`]
      await run('curl', [...flags, ...headers.flatMap((one) => ['-H', one]), `http://127.0.0.1:${port}/github`])
      acked.push(`github:${id}`)
    }
    return acked
  },
}

/** GitHub's delivery id is not signed, so that one signed body makes as many events as wrk sends. */
const WRK = `
local threads, next = 0, 0
function setup(thread) thread:set('mine', threads); threads = threads + 1 end
function request()
  next = next + 1
  wrk.headers['x-github-delivery'] = 'wrk-' .. mine .. '-' .. next
  return wrk.format('POST', '/github')
end
function response(status) if status ~= 200 then io.write('refused ' .. status .. '\\n') end end
function done(summary) io.write('answered ' .. summary.requests .. ' errors ' .. summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout .. '\\n') end
`

/** How many it was answered; what it had sent when it ended has no answer. */
export const wrk = {
  name: 'wrk',
  missing: existsSync('/usr/bin/wrk') ? undefined : 'wrk is not installed: apt-get install wrk',
  async send({ port, folder }: Omit<SentBy, 'events'>): Promise<number> {
    const signature = createHmac('sha256', SECRETS.github).update(BODY).digest('hex')
    const head = { 'x-hub-signature-256': `sha256=${signature}`, 'x-github-event': 'push' }
    const lines = Object.entries({ ...head, 'content-type': 'application/json' })
    const set = lines.map(([name, value]) => `wrk.headers['${name}'] = '${value}'\n`).join('')
    writeFileSync(join(folder, 'send.lua'), `wrk.body = '${BODY}'\n${set}${WRK}`)
    const args = ['-t1', '-c4', '-d1s', '-s', join(folder, 'send.lua'), `http://127.0.0.1:${port}`]
    const { stdout } = await run('wrk', args)
    const [, answered, errors] = /answered (\d+) errors (\d+)/.exec(stdout) ?? []
    if (errors !== '0' || stdout.includes('refused')) throw new Error(stdout.slice(-400))
    return Number(answered)
  },
}

export const CLIENTS: readonly IndependentClient[] = [
  curl,
  http,
  standard('standardwebhooks', 'webhook'),
  standard('svix', 'svix'),
  stripe,
]
