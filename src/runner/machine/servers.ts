import { preciseNow } from '../processes/precise-now.ts'
import type { ServerSample } from '../records/facts.ts'
import { parseStat, readText, TICKS_PER_S } from './proc.ts'

const SAMPLE_MS = 500

/** Looks at what a run's servers use while it sends. Servers that are no processes of this machine have no samples. */
export class ServerWatch {
  readonly #samples: ServerSample[] = []
  #look: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  /** `startAtMs` is by the run's clock. */
  begin(startAtMs: number, pids: () => readonly number[]): void {
    this.#look = () => {
      const usage = usageOf(pids())
      if (usage) this.#samples.push({ atMs: preciseNow() - startAtMs, ...usage })
    }
    this.#look()
    this.#timer = setInterval(this.#look, SAMPLE_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  end(): readonly ServerSample[] {
    this.stop()
    this.#look()
    return this.#samples
  }
}

/** Of all of them together, and of their children that have ended. undefined: there is none, or the system does not say. */
function usageOf(pids: readonly number[]): Omit<ServerSample, 'atMs'> | undefined {
  const running = pids.flatMap((pid) => parseStat(readText(`/proc/${pid}/stat`) ?? '') ?? [])
  if (running.length === 0) return undefined
  const ticks = running.reduce((sum, one) => sum + one.ticks + one.childTicks, 0)
  const written = pids.map((pid) => /^write_bytes: (\d+)$/m.exec(readText(`/proc/${pid}/io`) ?? '')?.[1])
  const isKnown = written.every((bytes) => bytes !== undefined)
  return {
    cpuMs: (ticks * 1_000) / TICKS_PER_S,
    diskBytes: isKnown ? written.reduce((sum, bytes) => sum + Number(bytes), 0) : null,
  }
}
