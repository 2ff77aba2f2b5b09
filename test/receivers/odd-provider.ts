import { isMainThread } from 'node:worker_threads'
import generic from '../../providers/generic.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** A provider whose verification does what the header x-odd says. */
const odd: Provider = {
  ...generic,
  name: 'odd',
  module: import.meta.url,
  signatureHeaders: ['x-odd', 'x-absent'],
  verify(request, secrets) {
    const what = request.header('x-odd')
    if (isMainThread) throw new Error('verified in the thread that speaks HTTP')
    if (what === 'die') process.exit(1)
    if (what === 'hang') for (;;);
    if (what === 'throw') throw new TypeError('a bug')
    if (what === 'undeclared') request.header('x-other')
    if (what === 'large') throw new FloodmarkError('too-large', 'large')
    const right =
      request.header('x-absent') === undefined &&
      request.url === '/in?q=1' &&
      secrets.length === 2 &&
      secrets.every(({ type }) => type === 'secret')
    if (!right) throw new FloodmarkError('bad-signature', 'something did not arrive in the thread')
  },
  identify: () => ({ id: 'odd', key: 'k', type: 't' }),
}
export default odd
