import type { FolderLock } from '../../src/core/base/lock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { reasonOf } from './commit-error.ts'
import type { LmdbEnvironment } from './environment.ts'

/** The write transactions of a ledger. Each resolves after its fdatasync. */
export class Transactions {
  readonly #environment: LmdbEnvironment
  readonly #lock: FolderLock
  readonly #running = new Set<Promise<unknown>>()

  constructor(environment: LmdbEnvironment, lock: FolderLock) {
    this.#environment = environment
    this.#lock = lock
  }

  /**
   * A child transaction is undone as a whole when anything in it throws. A plain one would keep the writes before the error.
   * @throws FloodmarkError 'unavailable' where nothing could be stored.
   */
  async run<T>(work: () => T): Promise<T> {
    const running = this.#environment.root.childTransaction(() => {
      this.#lock.check()
      this.#environment.checkRoom()
      return work()
    })
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      if (error instanceof FloodmarkError) throw error
      const cause = await reasonOf(error)
      const what = `the ledger could not store: ${messageOf(cause)}. Check that the disk is not full`
      throw new FloodmarkError('unavailable', what, { cause })
    } finally {
      this.#running.delete(running)
    }
  }

  /** Resolves when those that run now have ended, in whatever way. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
