import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

/** A planted bug: no limit on a body's length, and none on the time that it takes. */
const receiver: Receiver = (options) =>
  rawHttp({ ...options, bodyBytesMax: 2 ** 30, heldBytesMax: 2 ** 34, requestMs: 600_000 })
export default receiver
