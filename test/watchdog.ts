import { Worker } from 'node:worker_threads'
import { expect } from 'vitest'

const BEAT_MS = 1_000

/** Beats for as long as the thread of the tests gets to its timers. No time-out of a test can end one that does not. */
const beats = new Int32Array(new SharedArrayBuffer(4))
setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref()
new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
  workerData: { beats, file: expect.getState().testPath },
}).unref()
