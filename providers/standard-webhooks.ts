import { createSecretKey, randomBytes } from 'node:crypto'
import { jsonBody, keyAt, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider, Secret } from '../src/core/contracts/provider.ts'
import {
  decodeSignature,
  hmacBase64,
  requireFresh,
  requireHmac,
  SIGNATURE_ITEMS_MAX,
  secretText,
  signedHeader,
  TIMESTAMP_TOLERANCE_S,
} from '../src/core/receiving/signature.ts'
import {
  ED25519_SIGNATURE_BYTES,
  ed25519Private,
  ed25519Public,
  requireEd25519,
  signEd25519,
} from '../src/core/receiving/signature-ed25519.ts'
import { sampleEvent } from './samples/standard-webhooks.ts'

/**
 * Standard Webhooks, as Svix sends them: `webhook-signature: v1,<base64>[ v1a,<base64>]` over
 * `<webhook-id>.<webhook-timestamp>.` and the raw body. The timestamp is in Unix seconds and may be off by 300 s. Svix's own
 * names of the three headers begin with `svix-`. The kind of secret decides the version: `whsec_…` verifies only v1
 * (HMAC-SHA256 with the decoded key), `whpk_…` verifies only v1a (Ed25519). `whsk_…` signs v1a.
 */

/** Waits in ms before attempts 2 to 8, as Svix documents them: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h. */
const WAITS_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000]
const DAY_MS = 86_400_000

/** The specification allows an HMAC key of so many bytes. */
const KEY_BYTES = { min: 24, max: 64 }

/** Visible ASCII without the dot. With a dot allowed, `a.1` + `2` and `a` + `1.2` would be signed alike. */
const ID = /^[!-\-/-~]+$/

/** The family of headers, 'webhook-' or 'svix-'. The id's header decides. */
function familyOf(request: Incoming): string {
  return request.header('webhook-id') === undefined && request.header('svix-id') !== undefined ? 'svix-' : 'webhook-'
}

function importSecret(text: string): Secret {
  const [, kind = 'whsec_', digits = ''] = /^(whsec_|whpk_|whsk_)?(.*)$/s.exec(secretText('standard-webhooks', text))!
  const key = Buffer.from(digits, 'base64')
  const wrong = key.toString('base64').replace(/=+$/, '') !== digits.replace(/=+$/, '')
  if (kind !== 'whsec_' && !wrong) {
    return kind === 'whpk_' ? ed25519Public('standard-webhooks', key) : ed25519Private('standard-webhooks', key)
  }
  if (wrong || key.length < KEY_BYTES.min || key.length > KEY_BYTES.max) {
    const what = `whsec_, whpk_ or whsk_ and base64, an HMAC key of ${KEY_BYTES.min}-${KEY_BYTES.max} bytes`
    throw new FloodmarkError('misuse', `the standard-webhooks secret is empty or malformed: use ${what}`)
  }
  return createSecretKey(key)
}

/** The well-formed signatures of one version among the items. Others are skipped: a later version may have sent them. */
function claimsOf(items: readonly string[], version: string, bytes: number): Buffer[] {
  const claims: Buffer[] = []
  for (const item of items) {
    const claim = item.startsWith(version) ? decodeSignature(item.slice(version.length), 'base64', bytes) : undefined
    if (claim) claims.push(claim)
  }
  return claims
}

function requireAny(signature: string, secrets: readonly Secret[], prefix: string, raw: Uint8Array): void {
  const items = signature.split(' ', SIGNATURE_ITEMS_MAX + 1)
  if (items.length > SIGNATURE_ITEMS_MAX) {
    throw new FloodmarkError('bad-signature', `the signature header has more than ${SIGNATURE_ITEMS_MAX} items`)
  }
  const asymmetric = claimsOf(items, 'v1a,', ED25519_SIGNATURE_BYTES)
  const keys = secrets.filter((secret) => secret.type !== 'secret')
  const symmetric = secrets.filter((secret) => secret.type === 'secret')
  const claims = claimsOf(items, 'v1,', 32)
  // With nothing to compare in either version, requireHmac reports the error.
  if (asymmetric.length === 0 || keys.length === 0) return requireHmac(claims, symmetric, prefix, raw)
  if (claims.length === 0 || symmetric.length === 0) return requireEd25519(asymmetric, keys, prefix, raw)
  try {
    requireHmac(claims, symmetric, prefix, raw)
  } catch {
    requireEd25519(asymmetric, keys, prefix, raw)
  }
}

const standardWebhooks: Provider = {
  name: 'standard-webhooks',
  module: import.meta.url,
  signatureHeaders: ['webhook-', 'svix-'].flatMap((family) => [
    `${family}id`,
    `${family}timestamp`,
    `${family}signature`,
  ]),
  contextHeaders: [],
  takesJwks: true,
  staleAfterMs: TIMESTAMP_TOLERANCE_S * 1_000,
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 15_000,
    waitMs: (attempt, random) => WAITS_MS[attempt - 2]! * (0.9 + 0.2 * random()),
    // 410 Gone: the specification asks senders to disable the endpoint at once.
    stopsOn: [410],
    honoursRetryAfter: true,
    disables: { afterMs: 5 * DAY_MS },
    model: false,
  },

  secret: importSecret,

  newSecret() {
    const text = `whsec_${randomBytes(32).toString('base64')}`
    return { signing: text, verifying: text }
  },

  verify(request, secrets) {
    const family = familyOf(request)
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
      signedHeader(request.header(family + name), family + name),
    ) as [string, string, string]
    if (!ID.test(id)) throw new FloodmarkError('bad-signature', `${family}id must be visible ASCII without a dot`)
    requireFresh(timestamp, request.receivedAtMs)
    requireAny(signature, secrets, `${id}.${timestamp}.`, request.raw)
  },

  sign(body, secret, { id, atMs }) {
    const timestamp = String(Math.floor(atMs / 1000))
    const prefix = `${id}.${timestamp}.`
    const signature =
      secret.type === 'secret'
        ? `v1,${hmacBase64(secret, prefix, body)}`
        : `v1a,${signEd25519(secret, prefix, body).toString('base64')}`
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
  },

  identify(request) {
    const id = request.header(`${familyOf(request)}id`)
    if (!id) throw new FloodmarkError('bad-request', 'header webhook-id is missing: send the id of the event')
    const event = jsonBody(request.raw)
    return { id, key: keyAt(event, 'data', 'id') ?? id, type: textAt(event, 'type') ?? 'unknown' }
  },

  sample: sampleEvent,
}

export default standardWebhooks
