import { keyAt, parseContent, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import { decodeSignature, hmacHex, requireHmac, signedHeader, textSecret } from '../src/core/receiving/signature.ts'
import { sampleEvent } from './samples/github.ts'

/**
 * GitHub: `x-hub-signature-256: sha256=<hex>`, HMAC-SHA256 of the raw body. The older SHA-1 header is not read. Neither a
 * timestamp nor the delivery id is signed: the ledger's memory of ids, and TLS, stop replays. A hook that is set to forms sends
 * its JSON in the field `payload`: key and schemas read it there, and the effect gets the form as it was signed.
 */

const SCHEME = 'sha256='

const github: Provider = {
  name: 'github',
  module: import.meta.url,
  signatureHeaders: ['x-hub-signature-256'],
  publishedAddresses: {
    asOf: '2026-01-17',
    source: 'https://api.github.com/meta, its hooks',
    ranges: [
      ...['192.30.252.0/22', '185.199.108.0/22', '140.82.112.0/20', '143.55.64.0/20'],
      ...['2a0a:a440::/29', '2606:50c0::/32'],
    ],
  },
  contextHeaders: ['x-github-delivery', 'x-github-event', 'x-github-hook-id'],
  bodyBytesMax: 25 * 1024 * 1024,
  // GitHub never tries again by itself: a refused event is gone until somebody asks for a redelivery.
  delivery: { attemptsMax: 1, timeoutMs: 10_000, waitMs: () => 0, model: false },

  secret: (text) => textSecret('github', text),

  verify(request, secrets) {
    const signature = signedHeader(request.header('x-hub-signature-256'), 'x-hub-signature-256')
    const claim = signature.startsWith(SCHEME) ? decodeSignature(signature.slice(SCHEME.length), 'hex') : undefined
    requireHmac(claim ? [claim] : [], secrets, '', request.raw)
  },

  sign: (body, secret, { id, type }) => ({
    'x-github-delivery': id,
    'x-github-event': type,
    'x-hub-signature-256': SCHEME + hmacHex(secret, '', body),
  }),

  identify(request) {
    const id = request.header('x-github-delivery')
    if (!id) throw new FloodmarkError('bad-request', 'header x-github-delivery is missing: the event has no identity')
    const event = parseContent(request.raw)
    if (event === undefined)
      throw new FloodmarkError('bad-request', 'the body is neither JSON nor a form with it: set the hook to JSON')
    const key =
      textAt(event, 'repository', 'full_name') ??
      keyAt(event, 'repository', 'id') ??
      textAt(event, 'organization', 'login') ??
      textAt(event, 'sender', 'login') ??
      id
    return { id, key, type: request.header('x-github-event') || 'unknown' }
  },

  sample: sampleEvent,
}

export default github
