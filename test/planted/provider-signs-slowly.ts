import generic from '../../providers/generic.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** So long one signature takes on any machine, ms: its sender gets no more than 200 requests away in a second. */
const SIGNS_FOR_MS = 5
const never = new Int32Array(new SharedArrayBuffer(4))

/** A generator that cannot keep its rate, however fast the machine is: it stands still at each signature. */
const provider: Provider = {
  ...generic,
  module: import.meta.url,
  sign(...signed) {
    Atomics.wait(never, 0, 0, SIGNS_FOR_MS)
    return generic.sign(...signed)
  },
}
export default provider
