import { createHash, createHmac } from 'node:crypto'
import { jsonBody, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider, Secret } from '../src/core/contracts/provider.ts'
import { decodeSignature, noMatch, sameBytes, signedHeader, textSecret } from '../src/core/receiving/signature.ts'
import { parseForm, signedText, writeForm } from './twilio/form.ts'

/**
 * Twilio: `x-twilio-signature: <base64>`, HMAC-SHA1 with the account's auth token over the whole address and the sorted
 * parameters of the form, each value behind its name. Where the query has `bodySHA256`, as for JSON, it is over the address
 * alone. We build the address from the Host header, so a proxy must hand on the Host that Twilio called. Nothing stands between
 * names, values and address, and there is no timestamp. So the holder of a genuine request can cut the same text into other
 * names and values, or into the query (even as the hash of another body, where a message's text had one). He can also send it
 * to another host of the same account. Keep the route behind TLS, and its address without a query. Twilio does as an answer's
 * body says. Our answers have no body, so answer calls and messages by its API.
 */

const SIGNATURE = 'x-twilio-signature'
const SIGNATURE_BYTES = 20
const HASH = 'bodySHA256='
const HOST = /^(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(:[0-9]{1,5})?$/i

/**
 * The addresses that Twilio may have called: TLS may end before us, and Twilio signs the port at some times and not at others.
 * Where the Host has no port, Twilio may have signed the scheme's default, as its package does. We try as few as that: each
 * costs an HMAC.
 */
function addressesOf(request: Incoming): string[] {
  const [, name, port] = HOST.exec(signedHeader(request.header('host'), 'host')) ?? []
  if (!name) throw new FloodmarkError('bad-signature', 'the Host header is malformed')
  return [
    ['https://', ':443'],
    ['http://', ':80'],
  ].flatMap(([scheme, own]) => [`${scheme}${name}${request.url}`, `${scheme}${name}${port ?? own}${request.url}`])
}

/** The hashes of the body that the query names. */
function hashesOf(url: string): string[] {
  const query = url.indexOf('?') === -1 ? '' : url.slice(url.indexOf('?') + 1)
  return query.split('&').flatMap((piece) => (piece.startsWith(HASH) ? [piece.slice(HASH.length)] : []))
}

/** The signed text behind the address; undefined where the body does not fit it. */
function signedPart(url: string, body: Uint8Array): string | undefined {
  const [hash, ...more] = hashesOf(url)
  if (hash === undefined) {
    const form = parseForm(body)
    return form && signedText(form)
  }
  const claim = decodeSignature(hash, 'hex')
  const fits = more.length === 0 && claim && sameBytes(claim, createHash('sha256').update(body).digest())
  return fits ? '' : undefined
}

function hmac(secret: Secret, address: string, part: string): Buffer {
  return createHmac('sha1', secret).update(address).update(part).digest()
}

/** A parameter by its name, and one spelling of all signed parts of the body. */
function fieldsOf(request: Incoming): { field: (name: string) => string | undefined; canonical: string | Uint8Array } {
  if (hashesOf(request.url).length > 0) {
    const body = jsonBody(request.raw)
    return { field: (name) => textAt(body, name), canonical: request.raw }
  }
  const form = parseForm(request.raw)
  if (!form?.size) throw new FloodmarkError('bad-request', 'the body is not a form with parameters')
  const field = (name: string) => form.get(name)?.values().next().value || undefined
  return { field, canonical: signedText(form) }
}

const twilio: Provider = {
  name: 'twilio',
  module: import.meta.url,
  signatureHeaders: ['host', SIGNATURE],
  contextHeaders: [],
  contentType: 'application/x-www-form-urlencoded',
  acceptedStatus: 204,
  delivery: {
    attemptsMax: 2,
    timeoutMs: 15_000,
    waitMs: () => 0,
    // Twilio's default, rc=1 and rp=ct: it tries once more, at once, where it could not connect.
    retriesOn: 'connection',
    model: false,
  },

  secret: (text) => textSecret('twilio', text),

  verify(request, secrets) {
    const claim = decodeSignature(signedHeader(request.header(SIGNATURE), SIGNATURE), 'base64', SIGNATURE_BYTES)
    const part = signedPart(request.url, request.raw)
    if (claim === undefined || part === undefined) {
      throw new FloodmarkError('bad-signature', 'the signature, the form or the hash of the body is malformed')
    }
    const addresses = addressesOf(request)
    const genuine = secrets.some((secret) => addresses.some((address) => sameBytes(claim, hmac(secret, address, part))))
    if (!genuine) throw noMatch()
  },

  sign(body, secret, { url }) {
    const part = url === undefined ? undefined : signedPart(url, body)
    if (url === undefined || part === undefined) {
      throw new FloodmarkError('misuse', 'twilio signs the address and a form: give both')
    }
    return { [SIGNATURE]: hmac(secret, url, part).toString('base64') }
  },

  identify(request) {
    const { field, canonical } = fieldsOf(request)
    const [message, call] = [field('MessageSid') ?? field('SmsSid'), field('CallSid')]
    const status = field('MessageStatus') ?? field('SmsStatus')
    const type = message
      ? `message.${status ?? 'unknown'}`
      : call
        ? `call.${field('CallStatus') ?? 'unknown'}`
        : 'unknown'
    // Twilio reports one message or call many times, at times with the same status. Only the same parameters are the same event.
    // We do not use the headers' idempotency token: it is not signed, and a replay could bring a new one.
    const digest = createHash('sha256').update(canonical).digest('hex').slice(0, 32)
    const sid = message ?? call
    const id = sid ? `${digest}:${sid}` : digest
    // A person's messages keep their order, and so do the events of a call.
    const person = field(status === 'received' ? 'From' : 'To')
    return { id, key: (message ? person : call) ?? person ?? id, type }
  },

  // No collection of recorded events exists. These are the parameters that Twilio documents.
  sample(random, { id, key }) {
    const sid = `SM${id}`
    const account = { AccountSid: 'AC0123456789abcdef0123456789abcdef', ApiVersion: '2010-04-01' }
    const number = String(100_000 + Math.floor(random() * 900_000))
    if (random() < 0.5) {
      const sent = { SmsSid: sid, SmsStatus: 'delivered', MessageStatus: 'delivered', To: `+91${key}`, MessageSid: sid }
      return { type: 'message.delivered', body: writeForm({ ...sent, ...account, From: `+15005${number}` }) }
    }
    const place = (whose: string, City: string, State: string, Zip: string, Country: string) =>
      Object.fromEntries(Object.entries({ City, State, Zip, Country }).map(([name, value]) => [whose + name, value]))
    const received = {
      ...place('To', 'SAN FRANCISCO', 'CA', '94105', 'US'),
      ...place('From', '', 'KARNATAKA', '', 'IN'),
      SmsMessageSid: sid,
      NumMedia: '0',
      SmsSid: sid,
      SmsStatus: 'received',
      Body: `Where is order ${number}? It should have been here by noon.`,
      To: '+15005550006',
      MessagingServiceSid: 'MG0123456789abcdef0123456789abcdef',
      NumSegments: '1',
      MessageSid: sid,
    }
    return { type: 'message.received', body: writeForm({ ...received, ...account, From: `+91${key}` }) }
  },
}

export default twilio
