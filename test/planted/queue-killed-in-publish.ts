import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import embedded from '../../queues/embedded.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** The embedded queue. Its process dies once, 'before' or 'after' a publish, as the file `kill` says. */
const driver: QueueDriver = {
  ...embedded,
  async open(options) {
    const queue = await embedded.open(options)
    const path = join(options.url, 'kill')
    return {
      traits: queue.traits,
      async publish(events, limits) {
        const when = existsSync(path) ? readFileSync(path, 'utf8') : 'never'
        rmSync(path, { force: true })
        if (when === 'before') process.kill(process.pid, 'SIGKILL')
        await queue.publish(events, limits)
        if (when === 'after') process.kill(process.pid, 'SIGKILL')
      },
      consume: (handle, limits) => queue.consume(handle, limits),
      probe: () => queue.probe(),
      depth: () => queue.depth(),
      close: () => queue.close(),
    }
  },
}
export default driver
