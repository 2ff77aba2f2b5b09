import { parentPort } from 'node:worker_threads'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'

/** Says what the clock of a run reads here, in a process or a thread of its own. */
const told = { kind: 'time', nowMs: preciseNow() }
if (parentPort) parentPort.postMessage(told)
else process.send!(told)
