import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { crc32 } from 'node:zlib'
import { jsonBody, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider, Secret } from '../src/core/contracts/provider.ts'
import { decodeSignature, noMatch, secretText, signedHeader } from '../src/core/receiving/signature.ts'
import { sampleEvent } from './samples/paypal.ts'

/**
 * PayPal: `paypal-transmission-sig: <base64>`, RSA-SHA256 over `<paypal-transmission-id>|<paypal-transmission-time>|
 * <webhook id>|<CRC-32 of the raw body, decimal>`. That composition is the customary one. No page of PayPal's own was at
 * hand to confirm it. The secret is the webhook's id, a line break, and PayPal's certificate or public key in PEM. You pin
 * the key in the route; it is never fetched, whatever `paypal-cert-url` says. A pinned certificate's dates are not checked.
 * Only a CRC of the body is signed, and CRCs are easily met: the holder of one genuine request can make any body pass under
 * its headers, with any id. So keep the route behind TLS, and ask PayPal's API before acting on money.
 */

const ALGORITHM = 'SHA256withRSA'
const MODULUS_BITS = { min: 2_048, max: 8_192 }
const MINUTE_MS = 60_000
/** Waits in minutes before attempts 2 to 26: doubling from 1 min up to 239, so that the last one comes just under 3 days. */
const WAITS = 25
const waitMinutes = (attempt: number) => Math.min(2 ** (attempt - 2), 239)

/** Visible ASCII without '|'. With it allowed, text could move between id and time. */
const SIGNED_FIELD = /^[!-{}~]{1,100}$/

interface Pinned {
  readonly webhookId: string
  /** The private key on the sender's side. */
  readonly key: KeyObject
}

/** A secret's text, parsed once. A KeyObject of a public key has no room for the webhook's id. */
const pinned = new WeakMap<Secret, Pinned>()

function readText(text: string): Pinned | undefined {
  const [, webhookId, pem] = /^\s*([0-9A-Za-z]{1,100})\s*\n(.*)$/s.exec(text) ?? []
  if (!webhookId || !pem) return undefined
  try {
    const key = pem.includes(' PRIVATE KEY-----') ? createPrivateKey(pem) : createPublicKey(pem)
    const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0
    return bits >= MODULUS_BITS.min && bits <= MODULUS_BITS.max ? { webhookId, key } : undefined
  } catch {
    return undefined
  }
}

function read(secret: Secret): Pinned {
  let found = pinned.get(secret)
  if (!found) {
    found = readText(secret.export().toString())
    if (!found) {
      const what = `the webhook’s id, a line break, and a certificate or RSA key of ${MODULUS_BITS.min} bits or more in PEM`
      throw new FloodmarkError('misuse', `the paypal secret is empty or malformed: it is ${what}`)
    }
    pinned.set(secret, found)
  }
  return found
}

function importSecret(text: string): Secret {
  // A PEM file ends with a line break.
  const secret = createSecretKey(Buffer.from(secretText('paypal', text.replace(/\r?\n$/, ''))))
  read(secret)
  return secret
}

function message(id: string, time: string, webhookId: string, body: Uint8Array): Buffer {
  return Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`)
}

function fieldOf(request: Incoming, name: string): string {
  const value = signedHeader(request.header(name), name)
  if (!SIGNED_FIELD.test(value)) throw new FloodmarkError('bad-signature', `header ${name} is malformed`)
  return value
}

const paypal: Provider = {
  name: 'paypal',
  module: import.meta.url,
  signatureHeaders: ['id', 'time', 'sig'].map((name) => `paypal-transmission-${name}`).concat('paypal-auth-algo'),
  contextHeaders: [],
  delivery: {
    attemptsMax: 1 + WAITS,
    timeoutMs: 30_000,
    waitMs: (attempt) => waitMinutes(attempt) * MINUTE_MS,
    model: true, // "25 times over 3 days" is second-hand; the waits and the time limit are not published
  },

  secret: importSecret,

  newSecret() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: MODULUS_BITS.min,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const webhookId = randomBytes(8).toString('hex').toUpperCase()
    return { signing: `${webhookId}\n${privateKey}`, verifying: `${webhookId}\n${publicKey}` }
  },

  verify(request, secrets) {
    const [id, time] = [fieldOf(request, 'paypal-transmission-id'), fieldOf(request, 'paypal-transmission-time')]
    const signature = signedHeader(request.header('paypal-transmission-sig'), 'paypal-transmission-sig')
    // The sender names the algorithm, but may not choose it.
    if (signedHeader(request.header('paypal-auth-algo'), 'paypal-auth-algo') !== ALGORITHM) {
      throw new FloodmarkError('bad-signature', `paypal-auth-algo must be ${ALGORITHM}`)
    }
    const genuine = secrets.some((secret) => {
      const { webhookId, key } = read(secret)
      const claim = decodeSignature(signature, 'base64', key.asymmetricKeyDetails!.modulusLength! / 8)
      return claim !== undefined && verify('RSA-SHA256', message(id, time, webhookId, request.raw), key, claim)
    })
    if (!genuine) throw noMatch()
  },

  sign(body, secret, { id, atMs }) {
    const { webhookId, key } = read(secret)
    const time = `${new Date(atMs).toISOString().slice(0, 19)}Z`
    return {
      'paypal-transmission-id': id,
      'paypal-transmission-time': time,
      'paypal-transmission-sig': sign('RSA-SHA256', message(id, time, webhookId, body), key).toString('base64'),
      'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270',
      'paypal-auth-algo': ALGORITHM,
    }
  },

  identify(request) {
    const body = jsonBody(request.raw)
    const id = textAt(body, 'id')
    if (!id) throw new FloodmarkError('bad-request', 'the body has no id: a PayPal event is JSON with one')
    const resource = (...path: string[]) => textAt(body, 'resource', ...path)
    const order = resource('supplementary_data', 'related_ids', 'order_id')
    const key = order ?? resource('billing_agreement_id') ?? resource('dispute_id') ?? resource('id') ?? id
    return { id, key, type: textAt(body, 'event_type') ?? 'unknown' }
  },

  sample: sampleEvent,
}

export default paypal
