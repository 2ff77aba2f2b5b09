import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

/** A planted bug: every sender is believed. */
const receiver: Receiver = (options) => {
  const { ingest } = options
  return rawHttp({ ...options, ingest: { ...ingest, handle: (request) => ingest.handle(request, async () => {}) } })
}
export default receiver
