import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import slack from '../../providers/slack.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { AT_MS, codeOf, incoming, providerContract, signer } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

type IsValid = (request: { headers: Record<string, unknown>; [field: string]: unknown }) => boolean

providerContract(slack, { signature: 'x-slack-signature', windowS: 300 })

const SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
const secret = slack.secret(SECRET)
const { body } = slack.sample(seeded(1), { id: 'run1-1', key: 'k1' })

describe('slack', () => {
  it('is verified by the official package; node:crypto signs in its place, as that signs nothing', withOracles, () => {
    const { isValidSlackRequest } = oracle<{ readonly isValidSlackRequest: IsValid }>('@slack/bolt')
    const headers = slack.sign(body, secret, { id: 'run1-1', type: 'message', atMs: AT_MS })
    const asBolt = (text: string) =>
      isValidSlackRequest({
        signingSecret: SECRET,
        body: text,
        headers: {
          'x-slack-signature': headers['x-slack-signature']!,
          'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
        },
        nowMilliseconds: AT_MS,
      })
    const text = Buffer.from(body).toString()
    expect(asBolt(text)).toBe(true)
    expect(asBolt(`${text} `)).toBe(false)

    const timestamp = String(AT_MS / 1_000)
    const theirs = createHmac('sha256', SECRET).update(`v0:${timestamp}:${text}`).digest('hex')
    const signed = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${theirs}` }
    slack.verify(incoming(signed, body), [secret])
    // A later scheme's signature is not this one's, even with the same digits.
    const later = { ...signed, 'x-slack-signature': `v1=${theirs}` }
    expect(codeOf(() => slack.verify(incoming(later, body), [secret]))).toBe('bad-signature')
  })

  it("signs as Slack's own example in its documentation", () => {
    // https://docs.slack.dev/authentication/verifying-requests-from-slack: the secret above, this time and this body.
    const raw = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    )
    const signed = slack.sign(raw, secret, { id: '', type: '', atMs: 1_531_420_618_000 })
    expect(signed['x-slack-signature']).toBe('v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503')
  })

  it('answers url_verification with its challenge, and asks nobody who is unsigned', () => {
    const raw = Buffer.from(
      '{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}',
    )
    expect(slack.handshake!(incoming({}, raw))).toEqual({
      status: 200,
      reason: 'challenge',
      body: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    })
    expect(codeOf(() => slack.verify(incoming({}, raw), [secret]))).toBe('bad-signature')
    expect(codeOf(() => slack.handshake!(incoming({}, Buffer.from('{"type":"url_verification"}'))))).toBe('bad-request')
    expect(slack.handshake!(incoming({}, signer(slack).make(1).body))).toBeUndefined()
  })

  it('keeps why a delivery is repeated', () => {
    expect(slack.contextHeaders).toEqual(['x-slack-retry-num', 'x-slack-retry-reason'])
  })

  it('knows an event by its id, a notice by team and minute, and orders by channel', () => {
    const identify = (text: string) => slack.identify(incoming({}, Buffer.from(text)))
    const notice = '{"type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820}'
    expect(identify(notice)).toEqual({ id: 'app_rate_limited:T1:1518467820', key: 'T1', type: 'app_rate_limited' })
    const created = '{"event_id":"Ev1","team_id":"T1","event":{"type":"channel_created","channel":{"id":"C1"}}}'
    expect(identify(created)).toEqual({ id: 'Ev1', key: 'C1', type: 'channel_created' })
    expect(codeOf(() => identify('{"type":"event_callback","team_id":"T1"}'))).toBe('bad-request')
  })

  it('sends messages of 1 kB and reactions of 0.7 kB', () => {
    expectSizes(slack, { message: [950, 1_100], app_mention: [950, 1_100], reaction_added: [600, 800] })
  })
})
