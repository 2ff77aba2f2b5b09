import { FloodmarkError } from '../src/core/errors.ts'
import type { Provider } from '../src/core/provider.ts'
import { fillers } from '../src/core/sample.ts'
import { badSignature, checkHmac, hmacHex, hmacSecret, parseObject, textAt } from '../src/core/signature.ts'

/** Sizes as in GitHub's own example payloads, bytes of filling beside about 400 of structure. */
const KINDS = [
  { type: 'push', share: 0.45, fill: fillers(6_800, 2) },
  { type: 'star', share: 0.2, fill: fillers(5_600, 3) },
  { type: 'issues', share: 0.25, fill: fillers(11_400, 4) },
  { type: 'pull_request', share: 0.1, fill: fillers(23_600, 5) },
] as const

/** GitHub: HMAC-SHA256 hex of the raw body, no timestamp; against replays stands the delivery id alone, which is not signed. No automatic retries. */
const github: Provider = {
  name: 'github',
  module: import.meta.url,
  signatureHeaders: ['x-hub-signature-256'],
  contextHeaders: ['x-github-delivery', 'x-github-event', 'x-github-hook-id', 'content-type', 'user-agent'],
  secret: hmacSecret,

  verify(request, secrets) {
    const signature = request.header('x-hub-signature-256')
    if (!signature?.startsWith('sha256=')) throw badSignature()
    checkHmac([signature.slice(7)], secrets, request.raw)
  },

  sign(raw, secret, { id, type }) {
    return { 'x-github-delivery': id, 'x-github-event': type, 'x-hub-signature-256': `sha256=${hmacHex(secret, raw)}` }
  },

  identify(request) {
    const id = request.header('x-github-delivery')
    if (!id) throw new FloodmarkError('bad-request', 'x-github-delivery is missing')
    const body = parseObject(request.raw)
    const key = textAt(body, 'repository', 'id') ?? textAt(body, 'organization', 'id') ?? textAt(body, 'sender', 'id')
    return { id, key: key ?? id.slice(0, 128), type: request.header('x-github-event') ?? 'unknown' }
  },

  delivery: { attemptsMax: 1, timeoutMs: 10_000, waitMs: () => 0, model: false },

  sample(random, { id, key }) {
    let draw = random()
    const kind = KINDS.find(({ share }) => (draw -= share) < 0) ?? KINDS[0]
    const text = `{"action":"created","ref":"refs/heads/main","delivery":"${id}","repository":{"id":"${key}","full_name":"acme/${key}","private":false,"html_url":"https://github.example/acme/${key}"},"sender":{"login":"octo","id":1,"type":"User"},"description":"${kind.fill(random)}"}`
    return { type: kind.type, body: Buffer.from(text) }
  },
}
export default github
