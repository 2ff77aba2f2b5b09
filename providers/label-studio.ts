import { createHash } from 'node:crypto'
import { jsonBody, keyAt, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import { noMatch, sameBytes, signedHeader, textSecret } from '../src/core/receiving/signature.ts'

/**
 * Label Studio signs nothing. Give its webhook the header `x-floodmark-token` with a secret. The secret proves the sender,
 * not the content, so use TLS. There is no event id either: action, time of change and object make one.
 */

const TOKEN = 'x-floodmark-token'
const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest()

const result = Array.from({ length: 8 }, (_, at) => ({
  id: `r<number>${at}`,
  type: 'rectanglelabels',
  from_name: 'label',
  to_name: 'image',
  original_width: 1920,
  original_height: 1080,
  image_rotation: 0,
  value: { x: 10 + at, y: 20, width: 12.5, height: 8.25, rotation: 0, rectanglelabels: ['Parcel'] },
}))
const annotated = jsonTemplate({
  action: 'ANNOTATION_CREATED',
  annotation: { id: '<id>', task: '<key>', project: 7, updated_at: '2026-09-01T08:30:00.<digits>Z', result },
  task: { id: '<key>', project: 7, data: { image: 'https://files.example.com/<number>.jpg' } },
  project: { id: 7, title: 'Parcels', task_number: 1_000 },
})

const labelStudio: Provider = {
  name: 'label-studio',
  module: import.meta.url,
  signatureHeaders: [TOKEN],
  contextHeaders: [],
  // Label Studio never tries again: it logs the exception, and the event is gone.
  delivery: { attemptsMax: 1, timeoutMs: 1_000, waitMs: () => 0, model: false },

  secret: (text) => textSecret('label-studio', text),

  verify(request, secrets) {
    // Digests have one length, so the comparison's duration does not tell the token's length.
    const claim = digest(signedHeader(request.header(TOKEN), TOKEN))
    if (!secrets.some((secret) => sameBytes(claim, digest(secret.export())))) throw noMatch()
  },

  sign: (_body, secret) => ({ [TOKEN]: secret.export().toString() }),

  identify(request) {
    const body = jsonBody(request.raw)
    const action = textAt(body, 'action')
    if (!action)
      throw new FloodmarkError('bad-request', 'the body has no action: a Label Studio event is JSON with one')
    const object = ['annotation', 'task', 'project'].find((name) => textAt(body, name, 'id')) ?? ''
    const changed = textAt(body, object, 'updated_at')
    // Without a time of change, as for deletions, only the same bytes are the same event.
    const rest = changed ? `${changed}:${textAt(body, object, 'id')}` : digest(request.raw).toString('hex')
    const id = `${action}:${rest}`
    const key = keyAt(body, 'task', 'id') ?? keyAt(body, 'annotation', 'task') ?? keyAt(body, 'project', 'id') ?? id
    return { id, key, type: action }
  },

  sample(random, { id, key }) {
    const number = 100_000 + Math.floor(random() * 900_000)
    return { type: 'ANNOTATION_CREATED', body: annotated({ id, key, number, digits: number }) }
  },
}

export default labelStudio
