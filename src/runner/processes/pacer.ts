import { Worker } from 'node:worker_threads'
import { ownFile } from '../../core/base/kit/own-file.ts'

/** Shared with the pacer's thread. */
export interface PacerMemory {
  readonly control: Int32Array
  readonly times: Float64Array
}
/** control: raised each time a due time is written. */
export const TURN = 0
/** times: when to wake, by the clock of the run. */
export const DUE = 0

interface Pacer {
  /** Calls the pacer's function at `dueMs` by the clock of the run. The last call counts. */
  wakeAt(dueMs: number): void
  stop(): Promise<void>
}

/**
 * Wakes the calling thread at times finer than a timer's 1 ms grain, without spinning: a thread of its own sleeps in
 * Atomics.wait and posts a message. Spinning would hold a core that the other side, on the same machine, needs.
 */
export function startPacer(onDue: () => void): Pacer {
  const control = new Int32Array(new SharedArrayBuffer(4))
  const times = new Float64Array(new SharedArrayBuffer(8))
  times[DUE] = Number.POSITIVE_INFINITY
  const worker = new Worker(ownFile('./pacer-thread', import.meta.url), { workerData: { control, times } })
  worker.on('message', onDue)
  worker.unref()
  return {
    wakeAt(dueMs) {
      times[DUE] = dueMs
      Atomics.add(control, TURN, 1)
      Atomics.notify(control, TURN)
    },
    async stop() {
      await worker.terminate()
    },
  }
}
