import { preciseNow } from '../processes/precise-now.ts'
import type { BesideSample, ServerCounts } from '../records/facts.ts'
import { diskCounts } from './disks.ts'
import { processTree, TICKS_PER_S } from './proc.ts'

const SAMPLE_MS = 500

interface WatchedServers {
  /** Those that are processes of this machine. */
  readonly pids: () => readonly number[]
  /** What they say of themselves. */
  readonly counts: () => Promise<ServerCounts>
}

/** Looks at what a run's servers and the machine's disks do while it sends. */
export class BesideWatch {
  readonly #samples: BesideSample[] = []
  #look: () => Promise<void> = async () => {}
  #timer: NodeJS.Timeout | undefined

  /** `startAtMs` is by the run's clock. */
  begin(startAtMs: number, { pids, counts }: WatchedServers): void {
    this.#look = async () => {
      const counted = await counts().catch(() => ({ calls: null, logBytes: null }))
      const disks = diskCounts()
      this.#samples.push({
        atMs: preciseNow() - startAtMs,
        serverCpuMs: cpuMsOf(pids()) ?? null,
        ...counted,
        diskBytes: disks?.writtenBytes ?? null,
        flushes: disks?.flushes ?? null,
      })
    }
    void this.#look()
    this.#timer = setInterval(() => void this.#look(), SAMPLE_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async end(): Promise<readonly BesideSample[]> {
    this.stop()
    await this.#look()
    return this.#samples
  }
}

/**
 * CPU time of all of them together, with their children: a server may have one for each connection. undefined: there is none, or the
 * system does not say.
 */
function cpuMsOf(pids: readonly number[]): number | undefined {
  const running = pids.flatMap(processTree)
  if (running.length === 0) return undefined
  return (running.reduce((sum, one) => sum + one.ticks + one.childTicks, 0) * 1_000) / TICKS_PER_S
}
