import { createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import { jsonBody, keyAt, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider, Secret } from '../src/core/contracts/provider.ts'
import { USUAL_DELIVERY } from '../src/core/receiving/completed.ts'
import {
  decodeSignature,
  noMatch,
  requireFresh,
  sameBytes,
  secretText,
  signedHeader,
  TIMESTAMP_TOLERANCE_S,
  textSecret,
} from '../src/core/receiving/signature.ts'
import {
  ED25519_SIGNATURE_BYTES,
  keyIdOf,
  requireEd25519,
  signEd25519,
} from '../src/core/receiving/signature-ed25519.ts'
import { dependsOnScheme, type Scheme, signatureBase } from './rfc9421/signature-base.ts'
import { byteItems, type SignedList, signedLists } from './rfc9421/structured.ts'

/**
 * HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), for senders that follow both: `hmac-sha256` and `ed25519`.
 * A signature must cover `@method`, the address (`@target-uri`, or `@authority` with `@path` or `@request-target`) and
 * `content-digest`, and have `created`, which may be off by 300 s. `expires` is kept to. A nonce is signed with the rest and not
 * remembered: the body has the event's id, and the ledger remembers that. The kind of secret decides the algorithm: a public
 * key in PEM verifies ed25519 alone, any other text hmac-sha256 alone, with the bytes behind `base64:` decoded.
 */

/** Each may cost a verification for every key. */
const SIGNATURES_MAX = 4
const DIGESTS = { 'sha-256': 32, 'sha-512': 64 } as const
const COVERED = '("@method" "@target-uri" "content-digest")'
const KEY_BYTES_MIN = 16
const ENCODED = 'base64:'

function malformed(what: string): FloodmarkError {
  return new FloodmarkError('bad-signature', what, { reason: 'malformed' })
}

/** The body's own digest, which the signature covers. Every known one must be right. */
function requireDigest(header: string, raw: Uint8Array): void {
  let known = 0
  for (const [name, text] of byteItems(header, 'content-digest')) {
    const algorithm = name as keyof typeof DIGESTS
    if (!Object.hasOwn(DIGESTS, algorithm)) continue
    const claim = decodeSignature(text, 'base64', DIGESTS[algorithm])
    const digest = createHash(algorithm.replace('-', '')).update(raw).digest()
    if (!claim) throw malformed(`content-digest has no digest as ${algorithm}: write it in base64`)
    if (!sameBytes(claim, digest)) {
      const what = 'content-digest is not that of the body: see what changes the body on its way'
      throw new FloodmarkError('bad-signature', what, { reason: 'mismatch' })
    }
    known++
  }
  if (known === 0) throw malformed('content-digest has neither sha-256 nor sha-512: send one')
}

/** Fails unless all is covered without which the signature of one request would fit another. */
function requireCovered({ items }: SignedList): void {
  const has = (...names: string[]) => names.some((name) => items.some((item) => item.name === name))
  const lacks = [
    !has('@method') && '@method',
    !has('@target-uri') && !(has('@authority') && has('@path', '@request-target')) && '@target-uri',
    !has('content-digest') && 'content-digest',
  ].filter((name) => name !== false)
  if (lacks.length > 0) throw malformed(`the signature does not cover ${lacks.join(', ')}: have it cover that too`)
}

function requireTimes({ params }: SignedList, nowMs: number): void {
  const created = params.get('created')
  if (created === undefined) throw malformed('the signature has no created: have it say when it was made')
  requireFresh(created, nowMs)
  const expires = params.get('expires')
  if (expires === undefined) return
  if (!/^\d{1,15}$/.test(expires)) throw malformed('expires is no time: send whole Unix seconds')
  if (Number(expires) >= Math.floor(nowMs / 1_000)) return
  throw new FloodmarkError('bad-signature', 'the signature has expired: sign anew', { reason: 'stale' })
}

function requireSignature(
  list: SignedList,
  text: string,
  schemes: readonly Scheme[],
  request: Incoming,
  secrets: readonly Secret[],
): void {
  requireCovered(list)
  requireTimes(list, request.receivedAtMs)
  const alg = list.params.get('alg')
  const isFor = (name: string) => alg === undefined || alg === `"${name}"`
  const symmetric = isFor('hmac-sha256') ? secrets.filter(({ type }) => type === 'secret') : []
  const keys = isFor('ed25519') ? keysFor(list.params.get('keyid'), secrets) : []
  const mac = decodeSignature(text, 'base64')
  const claim = decodeSignature(text, 'base64', ED25519_SIGNATURE_BYTES)
  if (!mac && !claim) throw malformed('the signature is neither hmac-sha256 nor ed25519: sign by one of them')
  for (const scheme of dependsOnScheme(list) ? schemes : schemes.slice(0, 1)) {
    const base = signatureBase(list, request, scheme)
    if (mac && symmetric.some((secret) => sameBytes(mac, createHmac('sha256', secret).update(base).digest()))) return
    try {
      if (claim && keys.length > 0) return requireEd25519([claim], keys, base, Buffer.alloc(0))
    } catch {
      // Under the other scheme it may match.
    }
  }
  throw noMatch()
}

/** The public keys that may have the id. One that came without an id may have any. */
function keysFor(quotedId: string | undefined, secrets: readonly Secret[]): readonly Secret[] {
  const keys = secrets.filter(({ type }) => type !== 'secret')
  if (quotedId === undefined) return keys
  const found = keys.filter((key) => [undefined, quotedId.slice(1, -1)].includes(keyIdOf(key)))
  if (found.length > 0 || keys.length < secrets.length || keys.length === 0) return found
  const what = 'the signature is by a key that the JWKS of this route does not have: see that it is the sender’s'
  throw new FloodmarkError('bad-signature', what, { reason: 'unknown-key' })
}

function importSecret(text: string): Secret {
  const given = secretText('rfc9421', text)
  if (given.startsWith('-----BEGIN ')) return importPem(given)
  if (!given.startsWith(ENCODED)) return textSecret('rfc9421', given)
  const key = Buffer.from(given.slice(ENCODED.length), 'base64')
  if (key.toString('base64') === given.slice(ENCODED.length) && key.length >= KEY_BYTES_MIN) return createSecretKey(key)
  const how = `give ${KEY_BYTES_MIN} bytes or more behind ${ENCODED}`
  throw new FloodmarkError('misuse', `the rfc9421 secret is malformed or too short: ${how}`)
}

function importPem(pem: string): Secret {
  try {
    const key = pem.includes(' PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // No cause: it may quote the key.
  }
  throw new FloodmarkError('misuse', 'the rfc9421 key is not an Ed25519 key in PEM: copy it anew')
}

const event = jsonTemplate({
  id: '<id>',
  type: '<type>',
  subject: '<key>',
  time: '2026-09-01T08:30:00.<digits>Z',
  data: {
    number: 'INV-<number>',
    currency: 'INR',
    amount: '<#number>',
    customer: { name: 'A. Customer', email: 'customer@example.com', country: 'IN' },
    lines: [
      { description: 'Business plan, monthly', quantity: 1, unit_amount: 149_900 },
      { description: 'Seats', quantity: 12, unit_amount: 19_900 },
    ],
    links: { pdf: 'https://files.example.com/invoices/<number>.pdf' },
  },
})
const TYPES = ['invoice.created', 'invoice.paid'] as const

const rfc9421: Provider = {
  name: 'rfc9421',
  // A signature may cover any header, and a verifying thread gets those of a list alone.
  module: '',
  signatureHeaders: ['signature-input', 'signature', 'content-digest', 'host'],
  contextHeaders: [],
  staleAfterMs: TIMESTAMP_TOLERANCE_S * 1_000,
  delivery: USUAL_DELIVERY,
  takesJwks: true,

  secret: importSecret,

  verify(request, secrets) {
    const lists = signedLists(signedHeader(request.header('signature-input'), 'signature-input'), 'signature-input')
    const signatures = byteItems(signedHeader(request.header('signature'), 'signature'), 'signature')
    const digest = signedHeader(request.header('content-digest'), 'content-digest')
    if (lists.size > SIGNATURES_MAX) throw malformed(`there are more than ${SIGNATURES_MAX} signatures`)
    const schemes: readonly Scheme[] = request.scheme ? [request.scheme] : ['https', 'http']
    let failure: unknown = malformed('no signature has the label of a Signature-Input: send both')
    for (const [label, list] of lists) {
      const text = signatures.get(label)
      if (text === undefined) continue
      try {
        requireSignature(list, text, schemes, request, secrets)
        return requireDigest(digest, request.raw)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  },

  sign(body, secret, { atMs, url, keyId }) {
    if (url === undefined) throw new FloodmarkError('misuse', 'rfc9421 signs the address: give it')
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const alg = secret.type === 'secret' ? 'hmac-sha256' : 'ed25519'
    const input = `sig1=${COVERED};created=${Math.floor(atMs / 1_000)};alg="${alg}"${keyId === undefined ? '' : `;keyid="${keyId}"`}`
    const { host, pathname, search, protocol } = new URL(url)
    const header = (name: string) => ({ host, 'content-digest': digest })[name]
    const request = { url: pathname + search, header, raw: body, receivedAtMs: atMs }
    const list = signedLists(input, 'signature-input').get('sig1')!
    const base = signatureBase(list, request, protocol === 'https:' ? 'https' : 'http')
    const signature =
      alg === 'ed25519'
        ? signEd25519(secret, base, Buffer.alloc(0))
        : createHmac('sha256', secret).update(base).digest()
    return { 'content-digest': digest, 'signature-input': input, signature: `sig1=:${signature.toString('base64')}:` }
  },

  identify(request) {
    const found = jsonBody(request.raw)
    // Only signed data names the event: without an id, copies are known while their bodies are the same.
    const id = textAt(found, 'id') ?? createHash('sha256').update(request.raw).digest('hex')
    const key = keyAt(found, 'key') ?? textAt(found, 'subject') ?? keyAt(found, 'data', 'id') ?? id
    return { id, key, type: textAt(found, 'type') ?? 'unknown' }
  },

  sample(random, { id, key }) {
    const type = TYPES[Math.floor(random() * TYPES.length)]!
    const number = 100_000 + Math.floor(random() * 900_000)
    return { type, body: event({ id, key, type, number, digits: number }) }
  },
}

export default rfc9421
