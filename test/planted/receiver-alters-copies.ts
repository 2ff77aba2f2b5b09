import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

/** A planted bug: of an event of `generic` only the first is handed on as it was verified. */
const receiver: Receiver = (options) => {
  const { ingest } = options
  const seen = new Set<string>()
  const handle: typeof ingest.handle = (request, verify) => {
    const id = request.header('x-webhook-id')
    if (id === undefined || !seen.has(id)) {
      if (id !== undefined) seen.add(id)
      return ingest.handle(request, verify)
    }
    return ingest.handle({ ...request, raw: Buffer.concat([request.raw, Buffer.from(' ')]) }, async () => {})
  }
  return rawHttp({ ...options, ingest: { ...ingest, handle } })
}
export default receiver
