import { parentPort, workerData } from 'node:worker_threads'
import { DUE, type PacerMemory, TURN } from './pacer.ts'
import { preciseNow } from './precise-now.ts'

/** Sleeps until the due time that the pacer's owner wrote, wakes it, and waits for the next one. Atomics.wait sleeps with a grain far below timers' 1 ms. */
const { control, times } = workerData as PacerMemory
for (;;) {
  const turn = Atomics.load(control, TURN)
  const waitMs = times[DUE]! - preciseNow()
  // A change of turn means that another due time was written: look again.
  if (waitMs > 0 && Atomics.wait(control, TURN, turn, waitMs) !== 'timed-out') continue
  parentPort!.postMessage(0)
  Atomics.wait(control, TURN, turn)
}
