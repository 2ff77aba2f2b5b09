import { rm } from 'node:fs/promises'
import { lockFolder, namespaceFolder } from '../src/core/base/lock.ts'
import type { QueueDriver } from '../src/core/contracts/queue.ts'
import { EmbeddedQueue } from './embedded/queue.ts'

const driver: QueueDriver = {
  async open(options) {
    return new EmbeddedQueue(namespaceFolder(options), options)
  },
  async drop(options) {
    const folder = namespaceFolder(options)
    const lock = lockFolder(folder)
    await rm(folder, { recursive: true, force: true })
    lock.release()
  },
}
export default driver
