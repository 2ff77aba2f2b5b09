import type { Progress, ServiceSample } from './facts.ts'

/** Told of while a run goes on. */
export interface RunEvents {
  /** The run has come to this phase. `detail` explains a phase that takes long, such as fetching a server. */
  phase(name: string, detail?: string): void
  /** `process`: its name in the stack. */
  sample(service: ServiceSample, process: string): void
  progress(sender: number, progress: Progress): void
}
