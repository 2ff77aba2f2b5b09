import { hmac } from 'k6/crypto'
import { SharedArray } from 'k6/data'
import { b64decode } from 'k6/encoding'
import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'

/**
 * Sends one run of a scenario: event n of the plan in iteration n, signed as its provider signs it when it is sent.
 *   k6 run --out json=out.json sale.ts
 * One export is one run: its ids are used up. docs/k6.md tells how to make a report of what k6 writes.
 */

interface ScriptData {
  readonly origin: string
  readonly events: string
  readonly routes: readonly ScriptRoute[]
  readonly options: Options
}

interface ScriptRoute {
  readonly provider: string
  readonly path: string
  readonly timeoutMs: number
  /** A secret of this export alone; the environment's goes before it. */
  readonly secret: string
}

interface SignedEvent {
  readonly route: number
  readonly id: string
  readonly headers: Record<string, string>
  readonly body: string
}

const DATA = 'exported.json'
const exported = JSON.parse(open(import.meta.resolve(`./${DATA}`))) as ScriptData
const events = new SharedArray('events', () => {
  const lines = open(import.meta.resolve(`./${exported.events}`)).trimEnd()
  return lines.split('\n').map((line) => JSON.parse(line) as SignedEvent)
})

export const options: Options = exported.options

/** The headers of providers that sign a time, which are new with each sending. The others were signed when they were exported. */
const SIGN: Readonly<Record<string, (secret: string, event: SignedEvent, seconds: number) => Record<string, string>>> =
  {
    generic: (secret, { id, body }, seconds) => ({
      'x-webhook-timestamp': String(seconds),
      'x-webhook-signature': `v1=${hmac('sha256', secret, `${id}.${seconds}.${body}`, 'hex')}`,
    }),
    stripe: (secret, { body }, seconds) => ({
      'stripe-signature': `t=${seconds},v1=${hmac('sha256', secret, `${seconds}.${body}`, 'hex')}`,
    }),
    slack: (secret, { body }, seconds) => ({
      'x-slack-request-timestamp': String(seconds),
      'x-slack-signature': `v0=${hmac('sha256', secret, `v0:${seconds}:${body}`, 'hex')}`,
    }),
    'standard-webhooks': (secret, { id, body }, seconds) => ({
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${hmac('sha256', b64decode(secret.replace('whsec_', '')), `${id}.${seconds}.${body}`, 'base64')}`,
    }),
  }

const VARIABLES = exported.routes.map(({ provider }) => `FLOODMARK_SECRET_${provider.toUpperCase().replace(/-/g, '_')}`)
/** By route. */
const SECRETS = exported.routes.map(({ provider, secret }, at) => {
  const known = __ENV[VARIABLES[at]!] || secret
  if (provider in SIGN && known === '')
    throw new Error(`${VARIABLES[at]} is not set: it had a secret when this was exported`)
  return known
})

export default function send(): void {
  const seq = exec.scenario.iterationInTest
  // More than were exported would have no number.
  if (seq >= events.length) return
  const event = events[seq]!
  const { provider, path, timeoutMs } = exported.routes[event.route]!
  const signed = SIGN[provider]?.(SECRETS[event.route]!, event, Math.floor(Date.now() / 1_000))
  exec.vu.metrics.metadata.seq = String(seq)
  http.post((__ENV.TARGET ?? exported.origin) + path, event.body, {
    headers: { ...event.headers, ...signed },
    timeout: `${timeoutMs}ms`,
    redirects: 0,
    responseType: 'none',
    tags: { name: provider },
  })
}
