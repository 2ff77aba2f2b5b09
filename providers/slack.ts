import { jsonBody, parseBody, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import {
  decodeSignature,
  hmacHex,
  requireFresh,
  requireHmac,
  signedHeader,
  TIMESTAMP_TOLERANCE_S,
  textSecret,
} from '../src/core/receiving/signature.ts'

/**
 * Slack's Events API: `x-slack-signature: v0=<hex>`, HMAC-SHA256 over `v0:<x-slack-request-timestamp>:` and the raw body.
 * Stricter than Slack's Bolt: Bolt accepts any future timestamp, here one more than 300 s ahead is refused. Slack gives up on
 * an event when a refusal has the header `x-slack-no-retry: 1`. Our answers never have it: a 503 is worth another attempt, and
 * so is a bad signature while a secret is being changed.
 */

const SCHEME = 'v0='
const MINUTE_MS = 60_000
/** Waits in ms before attempts 2 to 4: at once, 1 min, 5 min. */
const WAITS_MS = [0, MINUTE_MS, 5 * MINUTE_MS]

function callback(type: string, event: Record<string, unknown>) {
  const envelope = {
    token: 'XXYYZZ',
    team_id: 'T0EXAMPLE1',
    context_team_id: 'T0EXAMPLE1',
    context_enterprise_id: null,
    api_app_id: 'A0EXAMPLE1',
    event: { type, ...event, event_ts: '<ts>' },
    type: 'event_callback',
    event_id: 'Ev<id>',
    event_time: '<#createdS>',
    authorizations: [
      { enterprise_id: null, team_id: 'T0EXAMPLE1', user_id: 'U0EXAMPLEB', is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: false,
    event_context: '4-eyJldCI6Im1lc3NhZ2UiLCJ0aWQiOiJUMEVYQU1QTEUxIiwiYWlkIjoiQTBFWEFNUExFMSIsImNpZCI6Ik<number>',
  }
  return { type, body: jsonTemplate(envelope) }
}
const SENTENCE = 'Order <number> was paid twice from two tabs; can somebody refund the second payment before noon?'
const text = { type: 'text', text: SENTENCE }
const posted = {
  user: 'U0EXAMPLE1',
  ts: '<ts>',
  client_msg_id: '7f3c1c1e-5f3b-4d0a-9b1d-<number>',
  text: SENTENCE,
  team: 'T0EXAMPLE1',
  blocks: [{ type: 'rich_text', block_id: 'b<number>', elements: [{ type: 'rich_text_section', elements: [text] }] }],
  channel: 'C<key>',
}
const MESSAGE = callback('message', { ...posted, channel_type: 'channel' })
const MENTION = callback('app_mention', posted)
const REACTION = callback('reaction_added', {
  user: 'U0EXAMPLE1',
  reaction: 'white_check_mark',
  item: { type: 'message', channel: 'C<key>', ts: '<ts>' },
  item_user: 'U0EXAMPLE2',
})

const slack: Provider = {
  name: 'slack',
  module: import.meta.url,
  signatureHeaders: ['x-slack-request-timestamp', 'x-slack-signature'],
  contextHeaders: ['x-slack-retry-num', 'x-slack-retry-reason'],
  staleAfterMs: TIMESTAMP_TOLERANCE_S * 1_000,
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 3_000,
    waitMs: (attempt) => WAITS_MS[attempt - 2]!,
    // Published: Slack may limit or turn off deliveries when under 5 % of them in an hour are answered with 200.
    disables: { afterMs: 60 * MINUTE_MS },
    noRetryHeader: 'x-slack-no-retry',
    model: true, // an hour of unbroken failure stands for those 5 %; the waits come from a second-hand source
  },

  secret: (text) => textSecret('slack', text),

  verify(request, secrets) {
    const timestamp = signedHeader(request.header('x-slack-request-timestamp'), 'x-slack-request-timestamp')
    const signature = signedHeader(request.header('x-slack-signature'), 'x-slack-signature')
    requireFresh(timestamp, request.receivedAtMs)
    const claim = signature.startsWith(SCHEME) ? decodeSignature(signature.slice(SCHEME.length), 'hex') : undefined
    requireHmac(claim ? [claim] : [], secrets, `v0:${timestamp}:`, request.raw)
  },

  sign(body, secret, { atMs }) {
    const timestamp = String(Math.floor(atMs / 1000))
    return {
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': SCHEME + hmacHex(secret, `v0:${timestamp}:`, body),
    }
  },

  handshake(request) {
    const body = parseBody(request.raw)
    if (textAt(body, 'type') !== 'url_verification') return undefined
    const challenge = textAt(body, 'challenge')
    if (challenge === undefined) throw new FloodmarkError('bad-request', 'url_verification has no challenge: send one')
    return { status: 200, reason: 'challenge', body: challenge }
  },

  identify(request) {
    const body = jsonBody(request.raw)
    const team = textAt(body, 'team_id') ?? ''
    const type = textAt(body, 'event', 'type') ?? textAt(body, 'type') ?? 'unknown'
    // Slack's events about the app, such as app_rate_limited, have no id. Team and minute make one.
    const minute = textAt(body, 'minute_rate_limited')
    const id = textAt(body, 'event_id') ?? (minute && `${type}:${team}:${minute}`)
    if (!id) throw new FloodmarkError('bad-request', 'the body has no event_id: a Slack event is JSON with one')
    // `channel` is an id. In an event about the channel it is the channel itself; in a reaction it is the message's channel.
    const key =
      textAt(body, 'event', 'channel') ??
      textAt(body, 'event', 'channel', 'id') ??
      textAt(body, 'event', 'item', 'channel') ??
      textAt(body, 'event', 'user') ??
      (team || id)
    return { id, key, type }
  },

  sample(random, { id, key }) {
    const draw = random()
    const { type, body } = draw < 0.6 ? MESSAGE : draw < 0.8 ? MENTION : REACTION
    const createdS = 1_700_000_000 + Math.floor(random() * 10_000_000)
    const number = 100_000_000_000 + Math.floor(random() * 800_000_000_000)
    return { type, body: body({ id, key, createdS, number, ts: `${createdS}.${String(number).slice(0, 6)}` }) }
  },
}

export default slack
