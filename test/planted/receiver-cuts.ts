import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

const HANDLING_MS = 50

/** A planted bug: when asked to stop it ends at once, whatever is in progress. Something always is in progress. */
const receiver: Receiver = async (options) => {
  const { ingest, clock } = options
  const handle: typeof ingest.handle = async (request, verify) => {
    await new Promise<void>((resolve) => clock.after(HANDLING_MS, resolve))
    return ingest.handle(request, verify)
  }
  const running = await rawHttp({ ...options, ingest: { ...ingest, handle } })
  return { ...running, stop: () => process.exit(0) }
}
export default receiver
