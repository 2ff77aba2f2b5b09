import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

/** A planted bug: the body is parsed and written again before it is verified. */
const receiver: Receiver = (options) => {
  const { ingest } = options
  const again = (raw: Uint8Array) => Buffer.from(JSON.stringify(JSON.parse(Buffer.from(raw).toString())))
  const handle: typeof ingest.handle = (request, verify) =>
    ingest.handle({ ...request, raw: again(request.raw) }, verify)
  return rawHttp({ ...options, ingest: { ...ingest, handle } })
}
export default receiver
