import rawHttp from '../../receivers/raw-http.ts'
import type { Incoming } from '../../src/core/contracts/incoming.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'
import type { Field } from '../../src/runner/report/audit/altered.ts'
import { changedField } from './altering.ts'

const HOUR_MS = 3_600_000
type Json = Record<string, unknown> & { repository?: Record<string, unknown> }

const named = (request: Incoming, name: string, value: string): Incoming => ({
  ...request,
  header: (asked) => (asked === name ? value : request.header(asked)),
})
const rewritten = (request: Incoming, change: (json: Json) => void): Incoming => {
  const json: Json = JSON.parse(Buffer.from(request.raw).toString())
  change(json)
  return { ...request, raw: Buffer.from(JSON.stringify(json)) }
}

/** What a receiver can do to a request of `generic` or `github`, so that the event comes out with another field. */
function changedRequest(request: Incoming, id: string, field: Field): Incoming {
  const isGithub = request.header('x-github-delivery') !== undefined
  if (field === 'id') return named(request, isGithub ? 'x-github-delivery' : 'x-webhook-id', `x${id}`)
  if (field === 'receivedAtMs') return { ...request, receivedAtMs: request.receivedAtMs - HOUR_MS }
  if (field === 'headers') return isGithub ? named(request, 'x-github-hook-id', '1') : request
  if (field === 'source') {
    return isGithub ? { ...named(request, 'x-webhook-id', id), url: '/webhooks/generic' } : request
  }
  if (field === 'type' && isGithub) return named(request, 'x-github-event', 'other')
  if (field === 'body') return { ...request, raw: Buffer.concat([request.raw, Buffer.from(' ')]) }
  return rewritten(request, (json) => {
    if (field === 'type') json.type = 'other'
    else if (isGithub) json.repository = { ...json.repository, full_name: 'example-org/other' }
    else json.key = 'other'
  })
}

/** A planted bug: what is handed on is not what was verified. */
const receiver: Receiver = (options) => {
  const { ingest } = options
  const handle: typeof ingest.handle = (request, verify) => {
    const id = request.header('x-github-delivery') ?? request.header('x-webhook-id') ?? ''
    const field = changedField(id)
    if (field === undefined) return ingest.handle(request, verify)
    return ingest.handle(changedRequest(request, id, field), async () => {})
  }
  return rawHttp({ ...options, ingest: { ...ingest, handle } })
}
export default receiver
