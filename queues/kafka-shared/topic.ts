import { sleep, systemClock } from '../../src/core/contracts/clock.ts'

/** A topic is made sooner, ms, where no broker hangs. */
const MAKE_MS = 3_000

/**
 * Makes a topic, or finds it there. A controller that hangs leaves `make` without an answer, and a login may not be allowed to
 * make topics: neither matters where the topic is there. @throws what `make` throws.
 */
export async function makeOrFind(make: () => Promise<unknown>, exists: () => Promise<boolean>): Promise<void> {
  const over = new AbortController()
  const isThere = () => exists().catch(() => false)
  const made = make().catch(async (error: unknown) => {
    if (!(await isThere())) throw error
  })
  const found = sleep(systemClock, MAKE_MS, over.signal).then(async () => {
    if (over.signal.aborted || !(await isThere())) await made
  })
  await Promise.race([made, found]).finally(() => over.abort())
}
