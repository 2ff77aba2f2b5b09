import type { Progress, ServiceSample } from './facts.ts'
import type { SettledEvents } from './settled.ts'

/** Told of while a run goes on. */
export interface RunEvents {
  /** The run has come to this phase. `detail` explains a phase that takes long, such as fetching a server. */
  phase(name: string, detail?: string): void
  /** `process`: its name in the stack. */
  sample(service: ServiceSample, process: string): void
  progress(sender: number, progress: Progress): void
  /** What the ledger had when it was looked at for the last time. A process that was killed did not come to count all of it. */
  settled?(settled: SettledEvents): void
}
