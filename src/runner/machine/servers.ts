import { preciseNow } from '../processes/precise-now.ts'
import type { ServerSample } from '../records/facts.ts'
import { parseStat, readText, TICKS_PER_S } from './proc.ts'

const SAMPLE_MS = 500

interface WatchedServers {
  /** Those that are processes of this machine. */
  readonly pids: () => readonly number[]
  /** Commands that they have carried out; undefined: none says. */
  readonly commands: () => Promise<number | undefined>
}

/** Looks at what a run's servers use and do while it sends. */
export class ServerWatch {
  readonly #samples: ServerSample[] = []
  #look: () => Promise<void> = async () => {}
  #timer: NodeJS.Timeout | undefined

  /** `startAtMs` is by the run's clock. */
  begin(startAtMs: number, { pids, commands }: WatchedServers): void {
    this.#look = async () => {
      const counted = await commands().catch(() => undefined)
      const usage = usageOf(pids())
      if (usage === undefined && counted === undefined) return
      const { cpuMs = null, diskBytes = null } = usage ?? {}
      this.#samples.push({ atMs: preciseNow() - startAtMs, cpuMs, diskBytes, commands: counted ?? null })
    }
    void this.#look()
    this.#timer = setInterval(() => void this.#look(), SAMPLE_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async end(): Promise<readonly ServerSample[]> {
    this.stop()
    await this.#look()
    return this.#samples
  }
}

/** Of all of them together, and of their children that have ended. undefined: there is none, or the system does not say. */
function usageOf(pids: readonly number[]): { readonly cpuMs: number; readonly diskBytes: number | null } | undefined {
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
