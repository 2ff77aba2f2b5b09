import rawHttp from '../../receivers/raw-http.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'

/** A planted bug: neither the length of a body nor the time for it has a limit. */
const receiver: Receiver = (options) =>
  rawHttp({ ...options, bodyBytesMax: 2 ** 30, heldBytesMax: 2 ** 34, requestMs: 600_000 })
export default receiver
