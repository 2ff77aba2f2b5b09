import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { memberAt, parseBody, textAt } from '../base/json-body.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Secret } from '../contracts/provider.ts'
import { noMatch } from './signature.ts'

/** Ed25519 signatures (RFC 8032): 64 bytes over the message itself. */

export const ED25519_SIGNATURE_BYTES = 64
const KEY_BYTES = 32
/** More claimed signatures than this are refused: each costs a verification for each key, some 20 times an HMAC. */
const ED25519_CLAIMS_MAX = 4

/** What stands before the 32 bytes of a key in its DER form (RFC 8410): SubjectPublicKeyInfo and PKCS #8. */
const [PUBLIC_HEAD, PRIVATE_HEAD] = ['302a300506032b6570032100', '302e020100300506032b657004220420'].map((hex) =>
  Buffer.from(hex, 'hex'),
) as [Buffer, Buffer]

/** Imports the 32 bytes of a public key. @throws FloodmarkError 'misuse' for others, and for a placeholder of zeros. */
export function ed25519Public(provider: string, key: Buffer): Secret {
  // All zeros is a point of small order: under it, anybody can make signatures.
  if (key.length !== KEY_BYTES || key.every((byte) => byte === 0)) throw wrongKey(provider, 'public')
  return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, key]), format: 'der', type: 'spki' })
}

/** Imports a private key: its seed of 32 bytes, which the public key may follow. @throws FloodmarkError 'misuse' for others. */
export function ed25519Private(provider: string, key: Buffer): Secret {
  if (key.length !== KEY_BYTES && key.length !== 2 * KEY_BYTES) throw wrongKey(provider, 'private')
  const seed = key.subarray(0, KEY_BYTES)
  return createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

/** The names of keys that have one. */
const KEY_IDS = new WeakMap<Secret, string>()

/** The `kid` under which a JWKS has the key; undefined for others. */
export function keyIdOf(key: Secret): string | undefined {
  return KEY_IDS.get(key)
}

/** The Ed25519 keys of a JWKS (RFC 7517, RFC 8037); undefined where the text is none. Other keys are passed over. */
export function ed25519Keys(text: string): readonly Secret[] | undefined {
  const keys = memberAt(parseBody(Buffer.from(text)), ['keys'])
  if (!Array.isArray(keys)) return undefined
  return keys.flatMap((jwk) => {
    const isFor = textAt(jwk, 'use') ?? 'sig'
    if (textAt(jwk, 'kty') !== 'OKP' || textAt(jwk, 'crv') !== 'Ed25519' || isFor !== 'sig') return []
    const x = Buffer.from(textAt(jwk, 'x') ?? '', 'base64url')
    if (x.length !== KEY_BYTES || x.every((byte) => byte === 0)) return []
    const key = ed25519Public('jwks', x)
    const id = textAt(jwk, 'kid')
    if (id !== undefined) KEY_IDS.set(key, id)
    return [key]
  })
}

/** A new pair, as the 32 bytes of each. */
export function newEd25519Pair(): { readonly privateKey: Buffer; readonly publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_HEAD.length),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length),
  }
}

/** Signs `prefix` (as UTF-8) and the body. */
export function signEd25519(secret: Secret, prefix: string, body: Uint8Array): Buffer {
  return sign(null, Buffer.concat([Buffer.from(prefix), body]), secret)
}

/**
 * Passes when any claim of 64 bytes is the signature of `prefix` and body under any key.
 * @throws FloodmarkError 'bad-signature' otherwise, also without claims or keys, or with too many claims.
 */
export function requireEd25519(
  claims: readonly Buffer[],
  keys: readonly Secret[],
  prefix: string,
  body: Uint8Array,
): void {
  if (claims.length > ED25519_CLAIMS_MAX) {
    throw new FloodmarkError('bad-signature', `there are more than ${ED25519_CLAIMS_MAX} Ed25519 signatures`)
  }
  const message = Buffer.concat([Buffer.from(prefix), body])
  for (const key of keys) {
    for (const claim of claims) if (verify(null, message, key, claim)) return
  }
  throw noMatch()
}

function wrongKey(provider: string, which: string): FloodmarkError {
  return new FloodmarkError('misuse', `the ${provider} ${which} key is not an Ed25519 key: copy it anew`)
}
