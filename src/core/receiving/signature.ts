import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Secret } from '../contracts/provider.ts'

/** What the verifiers of signatures share. Everything doubtful is 'bad-signature': it fails closed, as a 401. */

/** More `scheme=value` items than this in one header are refused; a rotation needs two or three. */
export const SIGNATURE_ITEMS_MAX = 16

/** A signed timestamp may lie so many seconds from our clock, either way. */
export const TIMESTAMP_TOLERANCE_S = 300

/** A secret's text is at least this long. */
const SECRET_CHARS_MIN = 16
/** What templates, shells and people write where no secret was set, one word behind the other. */
const PLACEHOLDER =
  /^(undefined|null|nil|none|nan|true|false|object|string|value|todo|change|replace|this|me|here|your|my|our|the|test|dummy|fake|example|sample|default|placeholder|password|webhook|signing|client|hmac|api|app|secret|token|key|123456789|[0x])*$/

/** What was to be filled in by something that did not: `${NAME}`, `$NAME`, `%NAME%`, `<name>`, `{{ name }}`, `op://vault/item`. */
const UNFILLED = /^\$\{?[a-z_]\w*\}?$|^%\w+%$|^<.*>$|^\{\{.*\}\}$|^[a-z][a-z-]*:\/\/|^arn:/i
/** Marks that no editor shows, and that come along when a text is copied from a page or read as another encoding than its own. */
const UNSEEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\ufeff\u00a0\u00ad]/

/** What the providers give beside the secret that signs: keys and tokens of their APIs, names of accounts, keys of apps. */
const OTHER_KEY =
  /^(?:(?:sk|pk|rk|ek)_(?:org_)?(?:live|test)_|xox[a-z][-.]|xapp-|gh[opsru]_[a-z0-9]{20}|github_pat_|shp(?:at|ca|pa|ua)_|rzp_(?:live|test)_|(?:AC|SK)[0-9a-f]{32}$)/i

/** What stands where a secret should, by its looks: what stores of secrets, shells and people make of one. */
const MARRED: readonly (readonly [looks: RegExp, what: string])[] = [
  [UNSEEN, 'has characters in it that are not seen: copy it anew, or type it'],
  [/^(["'`]).*\1$|^[“”„‘’‚«»]/s, 'has quotes around it: take them away'],
  [/\\[rn]$/, 'ends in a line end that is written out, as \\n: take it away'],
  [/^v\d[a-z]?,/, 'begins with a version and a comma: leave them out, it begins behind them'],
  [/^(?:export )?[\w.-]{0,40}(?:secret|token|key)[\w.-]{0,40}(?:=|: )[^=\s]/i, 'begins with its name: give the rest'],
  [/^(wh(?:sec|pk|sk)_)\S*[\s,;]+\1/, 'is several in one: give each secret a place of its own'],
  [/^[[{]\s*"/, 'is JSON: give the text in it alone'],
  // whsec_, encoded once more.
  [/^d2hzZWNf/, 'is in base64: give it decoded'],
  [/^we_[0-9a-z]{14,}$/i, 'is the id of an endpoint: set its signing secret'],
]

const NOT_SIGNING = 'is a key or token of an API, which signs no webhooks: set the signing secret of the webhook'

/**
 * The text of a secret, as it is: every provider's `secret` begins with this.
 * @throws FloodmarkError 'misuse', which never quotes it, when it is empty, too short, a placeholder or another key of the provider's, and
 * when there is more to it than the secret: white space, quotes, a name, a version, JSON, a second secret.
 */
export function secretText(provider: string, text: string): string {
  const refuse = (what: string) => new FloodmarkError('misuse', `the ${provider} secret ${what}`)
  // Node would sign with an empty key.
  if (text.trim() === '') throw refuse('is empty: set it before you start')
  if (text !== text.trim()) throw refuse('has white space before or behind it: take it away')
  const marred = MARRED.find(([looks]) => looks.test(text))
  if (marred) throw refuse(marred[1])
  const bare = text.toLowerCase().replace(/^wh(sec|pk|sk)_|[^a-z0-9]/g, '')
  if (UNFILLED.test(text) || /^(.)\1*$/s.test(text) || (text.length <= 100 && PLACEHOLDER.test(bare))) {
    throw refuse('is a placeholder: set the real one before you start')
  }
  if (OTHER_KEY.test(text)) throw refuse(NOT_SIGNING)
  if (text.length < SECRET_CHARS_MIN) {
    throw refuse(`has fewer than ${SECRET_CHARS_MIN} characters: it could be guessed, set a longer one on both sides`)
  }
  return text
}

/** Imports a secret whose bytes are its text. @throws FloodmarkError 'misuse' as `secretText`. */
export function textSecret(provider: string, text: string): Secret {
  // The private key of an app.
  if (text.startsWith('-----BEGIN ')) throw new FloodmarkError('misuse', `the ${provider} secret ${NOT_SIGNING}`)
  // With a line behind it, it would be another one, and nothing would match.
  const what = `the ${provider} secret has more than one line: give each secret a place of its own`
  if (/[\r\n]/.test(secretText(provider, text))) throw new FloodmarkError('misuse', what)
  return createSecretKey(Buffer.from(text, 'utf8'))
}

/** HMAC-SHA256 over `prefix` (as UTF-8) and the body, in lower-case hex. */
export function hmacHex(secret: Secret, prefix: string, body: Uint8Array): string {
  return hmac(secret, prefix, body).digest('hex')
}

/** HMAC-SHA256 over `prefix` (as UTF-8) and the body, in base64 with its padding. */
export function hmacBase64(secret: Secret, prefix: string, body: Uint8Array): string {
  return hmac(secret, prefix, body).digest('base64')
}

/**
 * The bytes of a claimed signature of that length (default: SHA-256); undefined where the text is anything else.
 * Buffer.from skips or stops at what it cannot decode, so only the one spelling that it would write itself counts:
 * lower-case hex, padded base64, as the providers send them and as their own SDKs demand them.
 */
export function decodeSignature(text: string, encoding: 'hex' | 'base64', bytes = 32): Buffer | undefined {
  if (text.length !== (encoding === 'hex' ? 2 * bytes : 4 * Math.ceil(bytes / 3))) return undefined
  const decoded = Buffer.from(text, encoding)
  return decoded.toString(encoding) === text ? decoded : undefined
}

/** Compares in constant time; false, not an error, where the lengths differ. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/**
 * Passes when any claim is the HMAC-SHA256 of `prefix` and body under any secret: one HMAC a secret, compared in constant time.
 * @throws FloodmarkError 'bad-signature' otherwise, also without claims or secrets.
 */
export function requireHmac(
  claims: readonly Buffer[],
  secrets: readonly Secret[],
  prefix: string,
  body: Uint8Array,
): void {
  if (claims.length === 0)
    throw new FloodmarkError('bad-signature', 'the signature is malformed: sign as the provider documents it', {
      reason: 'malformed',
    })
  for (const secret of secrets) {
    const expected = hmac(secret, prefix, body).digest()
    for (const claim of claims) {
      if (sameBytes(claim, expected)) return
    }
  }
  throw noMatch()
}

/** What is thrown when a well-formed signature is wrong; it says nothing of how near it came. */
export function noMatch(): FloodmarkError {
  return new FloodmarkError(
    'bad-signature',
    'the signature matches no secret of this route: compare both sides’ secret',
    { reason: 'mismatch' },
  )
}

/** The value of a header without which nothing can be verified. @throws FloodmarkError 'bad-signature' when missing or empty. */
export function signedHeader(value: string | undefined, name: string): string {
  if (!value) throw new FloodmarkError('bad-signature', `header ${name} is missing: send it`, { reason: 'missing' })
  return value
}

/**
 * Splits `t=1,v1=ab,v1=cd` into [scheme, value] pairs, in order; an item without `=` has the value ''.
 * @throws FloodmarkError 'bad-signature' beyond SIGNATURE_ITEMS_MAX items.
 */
export function schemeItems(header: string): (readonly [scheme: string, value: string])[] {
  const items = header.split(',', SIGNATURE_ITEMS_MAX + 1)
  if (items.length > SIGNATURE_ITEMS_MAX) {
    throw new FloodmarkError('bad-signature', `the signature header has more than ${SIGNATURE_ITEMS_MAX} items`)
  }
  return items.map((item) => {
    const equals = item.indexOf('=')
    return equals === -1 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)]
  })
}

/** The well-formed hex signatures among the items of scheme `v1`; others are passed over, as from a later scheme. */
export function v1Claims(items: readonly (readonly [scheme: string, value: string])[]): Buffer[] {
  const claims: Buffer[] = []
  for (const [scheme, value] of items) {
    const claim = scheme === 'v1' ? decodeSignature(value, 'hex') : undefined
    if (claim) claims.push(claim)
  }
  return claims
}

/**
 * Passes when `text` is a time in whole seconds since the Unix epoch, within the tolerance of `nowMs` both ways, edges included.
 * Our clock is rounded down to seconds first, as Stripe's SDK does. Milliseconds by mistake are far in the future: refused.
 * @throws FloodmarkError 'bad-signature'.
 */
export function requireFresh(text: string, nowMs: number, toleranceS = TIMESTAMP_TOLERANCE_S): void {
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw new FloodmarkError('bad-signature', 'the signed timestamp is malformed: send whole Unix seconds')
  }
  const ageS = Math.floor(nowMs / 1000) - Number(text)
  if (!(Math.abs(ageS) <= toleranceS)) {
    const message = `the signed timestamp is over ${toleranceS} s from our clock: sign anew, or set the clocks`
    throw new FloodmarkError('bad-signature', message, { reason: ageS > 0 ? 'stale' : 'ahead' })
  }
}

function hmac(secret: Secret, prefix: string, body: Uint8Array) {
  const mac = createHmac('sha256', secret)
  if (prefix !== '') mac.update(prefix)
  return mac.update(body)
}
