import { sleep, systemClock } from '../../src/core/contracts/clock.ts'

/** A topic is made sooner, ms, where no broker hangs. */
const MAKE_MS = 3_000
/** Whether it is there is asked so often before its making counts as failed. */
const LOOKS = 5
/** The wait between two looks, ms. */
const LOOK_AGAIN_MS = 500

/**
 * Makes a topic, or finds it there. A controller that hangs leaves `make` without an answer, and a login may not be allowed to
 * make topics: neither matters where the topic is there. @throws what `make` throws.
 */
export async function makeOrFind(make: () => Promise<unknown>, exists: () => Promise<boolean>): Promise<void> {
  const over = new AbortController()
  const isThere = () => exists().catch(() => false)
  const made = make().catch(async (error: unknown) => {
    // While brokers change, a question may be left without an answer too.
    for (let looks = 1; !(await isThere()); looks++) {
      if (looks === LOOKS) throw error
      await sleep(systemClock, LOOK_AGAIN_MS)
    }
  })
  const found = sleep(systemClock, MAKE_MS, over.signal).then(async () => {
    if (over.signal.aborted || !(await isThere())) await made
  })
  await Promise.race([made, found]).finally(() => over.abort())
}
