import { jsonBody, parseBody, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider, Secret } from '../src/core/contracts/provider.ts'
import { decodeSignature, secretText, signedHeader } from '../src/core/receiving/signature.ts'
import {
  ED25519_SIGNATURE_BYTES,
  ed25519Private,
  ed25519Public,
  newEd25519Pair,
  requireEd25519,
  signEd25519,
} from '../src/core/receiving/signature-ed25519.ts'

/**
 * Discord's webhook events: `x-signature-ed25519: <hex>` over `<x-signature-timestamp>` and the raw body. The secret is the
 * app's public key in hex. `private:` and hex is this kit's own text for the sender's side. Discord documents no window for
 * the timestamp: the ledger's memory of ids stops replays. Discord sends wrong signatures on purpose. They get a 401.
 */

const PRIVATE = 'private:'
const FIRST_WAIT_MS = 4_000

const entitlement = jsonTemplate({
  version: 1,
  application_id: '1234560123453231555',
  type: 1,
  event: {
    type: 'ENTITLEMENT_CREATE',
    timestamp: '2026-09-01T08:30:00.<digits>',
    data: {
      id: '<id>',
      sku_id: '1234505980407808808',
      application_id: '1234560123453231555',
      user_id: '<key>',
      promotion_id: null,
      type: 8,
      deleted: false,
      gift_code_flags: 0,
      consumed: false,
      starts_at: null,
      ends_at: null,
    },
  },
})

function importKey(text: string): Secret {
  const hex = secretText('discord', text)
  return hex.startsWith(PRIVATE)
    ? ed25519Private('discord', Buffer.from(hex.slice(PRIVATE.length), 'hex'))
    : ed25519Public('discord', /^[0-9a-f]{64}$/i.test(hex) ? Buffer.from(hex, 'hex') : Buffer.alloc(0))
}

const discord: Provider = {
  name: 'discord',
  module: import.meta.url,
  signatureHeaders: ['x-signature-ed25519', 'x-signature-timestamp'],
  contextHeaders: [],
  takesJwks: true,
  acceptedStatus: 204,
  delivery: {
    attemptsMax: 8,
    timeoutMs: 3_000,
    waitMs: (attempt) => FIRST_WAIT_MS * 2 ** (attempt - 2),
    resendsForMs: 600_000,
    model: true, // Discord publishes "several, exponential, up to 10 minutes", but no threshold for stopping for good
  },

  secret: importKey,

  newSecret() {
    const { privateKey, publicKey } = newEd25519Pair()
    return { signing: PRIVATE + privateKey.toString('hex'), verifying: publicKey.toString('hex') }
  },

  verify(request, secrets) {
    const timestamp = signedHeader(request.header('x-signature-timestamp'), 'x-signature-timestamp')
    const signature = signedHeader(request.header('x-signature-ed25519'), 'x-signature-ed25519')
    // Digits only: nothing stands between time and body, so the body's first byte must not move into the time.
    if (!/^[0-9]{1,15}$/.test(timestamp)) throw new FloodmarkError('bad-signature', 'the signed timestamp is malformed')
    const claim = decodeSignature(signature, 'hex', ED25519_SIGNATURE_BYTES)
    requireEd25519(claim ? [claim] : [], secrets, timestamp, request.raw)
  },

  sign(body, secret, { atMs }) {
    const timestamp = String(Math.floor(atMs / 1000))
    return {
      'x-signature-timestamp': timestamp,
      'x-signature-ed25519': signEd25519(secret, timestamp, body).toString('hex'),
    }
  },

  handshake: (request) =>
    textAt(parseBody(request.raw), 'type') === '0' ? { status: 204, reason: 'pong' } : undefined,

  identify(request) {
    const body = jsonBody(request.raw)
    const type = textAt(body, 'event', 'type')
    const time = textAt(body, 'event', 'timestamp')
    if (!type || !time) throw new FloodmarkError('bad-request', 'the body has no event with type and timestamp')
    // There is no event id: two changes of one object differ in time alone.
    const user = textAt(body, 'event', 'data', 'user_id') ?? textAt(body, 'event', 'data', 'user', 'id')
    const id = `${type}:${time}:${textAt(body, 'event', 'data', 'id') ?? user ?? ''}`
    return { id, key: user ?? textAt(body, 'event', 'data', 'channel_id') ?? id, type }
  },

  sample(random, { id, key }) {
    const digits = String(100_000 + Math.floor(random() * 900_000))
    return { type: 'ENTITLEMENT_CREATE', body: entitlement({ id, key, digits }) }
  },
}

export default discord
