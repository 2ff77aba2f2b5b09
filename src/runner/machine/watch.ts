import os from 'node:os'
import { preciseNow } from '../processes/precise-now.ts'
import type { ClockSample, MachineRecord, MachineSample, ProcessKind } from '../records/machine.ts'
import { kitState } from './kit.ts'
import { cpuLimitCores, governors, memoryLimitBytes, throttledMs } from './limits.ts'
import { coresOf, cpuTicks, everyProcess, type Running, readText, splitBy, TICKS_PER_S, waitedMs } from './proc.ts'

const SAMPLE_MS = 1_000
/** The shortest time that is judged. CPU time is counted in steps of 10 ms, which would make much of little in less. */
const SHORTEST_MS = 500
/** Looking takes at most one part in so many of a core, however many processes there are. */
const COST = 50
const OTHERS_MAX = 5
/** Who used less, in cores, is not named. */
const CORES_MIN = 0.01
/** The system tells how long it is up in steps of 10 ms. */
const SLEEP_MIN_MS = 50

/** Processes of a run by their kind. Those of a kind may change while it runs. */
export type ProcessIds = () => Readonly<Record<ProcessKind, readonly number[]>>

/** The clocks at one moment. */
interface Clocks {
  readonly atMs: number
  readonly wallMs: number
  readonly awakeMs: number
}

/** One look at the machine. */
interface Look extends Clocks {
  readonly stolen: number | undefined
  readonly busy: number | undefined
  readonly own: number | undefined
  readonly kernel: number
  readonly others: ReadonlyMap<number, Running> | undefined
}

/** Looks at the machine once a second while a run sends: who else uses it, and whether it is taken away. Then at its clocks only. */
export class MachineWatch {
  readonly #kit = kitState()
  #pids: ProcessIds = () => ({ sender: [], stack: [], server: [] })
  #startAtMs = 0
  #first: Look | undefined
  #last: Look | undefined
  readonly #samples: MachineSample[] = []
  #timer: NodeJS.Timeout | undefined
  #clocks: Clocks | undefined
  readonly #afterSending: ClockSample[] = []
  #pressureMs: Readonly<Record<string, number>> | undefined
  #throttledMs: number | null = null
  #cores: MachineRecord['cores'] = {}
  /** Cores that any process of the run may use. */
  #watched: readonly number[] | undefined

  /** Watches from now on. `startAtMs` is by the run's clock. */
  begin(startAtMs: number, pids: ProcessIds): void {
    this.#pids = pids
    this.#startAtMs = startAtMs
    this.#cores = coresByKind(pids)
    this.#watched = coresOf([process.pid, ...Object.values(pids()).flat()])
    this.#pressureMs = pressureMs()
    this.#throttledMs = throttledMs()
    this.#first = this.#last = this.#look()
    this.#next(0)
  }

  #next(tookMs: number): void {
    this.#timer = setTimeout(() => this.#next(this.#sample()), Math.max(SAMPLE_MS, COST * tookMs))
    this.#timer.unref()
  }

  /** Returns how long it took, ms. */
  #sample(): number {
    const now = this.#look()
    const before = this.#last!
    this.#last = now
    this.#samples.push(sampleOf(before, now))
    return preciseNow() - this.#startAtMs - now.atMs
  }

  #look(): Look {
    const clocks = readClocks(this.#startAtMs)
    const { busy, stolen } = cpuTicks(readText('/proc/stat'), this.#watched) ?? { busy: undefined, stolen: undefined }
    const all = busy === undefined ? undefined : everyProcess()
    const split = all && splitBy([process.pid, ...this.#pids().server], all)
    return { ...clocks, busy, stolen, own: split?.own, kernel: split?.kernel ?? 0, others: split?.others }
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  /** The clocks since the run has sent everything, until now. */
  afterSending(): readonly ClockSample[] {
    this.stop()
    if (this.#clocks) this.#lookAtClocks()
    return this.#afterSending
  }

  #lookAtClocks(): void {
    const now = readClocks(this.#startAtMs)
    this.#afterSending.push(clockSampleOf(this.#clocks!, now))
    this.#clocks = now
  }

  /** The time until now, in which the run was sending. Not to be called before `begin`. */
  async sent(): Promise<MachineRecord> {
    this.stop()
    const sinceMs = preciseNow() - this.#startAtMs - this.#last!.atMs
    if (this.#samples.length === 0 || sinceMs >= SHORTEST_MS) this.#sample()
    const first = this.#first!
    const last = this.#last!
    this.#clocks = last
    this.#timer = setInterval(() => this.#lookAtClocks(), SAMPLE_MS).unref()
    const tookMs = Math.max(1, last.atMs - first.atMs)
    const throttled = throttledMs()
    return {
      kit: await this.#kit,
      limits: { cpuCores: cpuLimitCores(), memoryBytes: memoryLimitBytes(os.totalmem()) },
      governors: governors(),
      cores: this.#cores,
      watchedCores: this.#watched?.length ?? null,
      samples: this.#samples,
      pressure: pressureOf(this.#pressureMs, pressureMs(), tookMs),
      throttledMs: throttled === null || this.#throttledMs === null ? null : throttled - this.#throttledMs,
      others: first.others && last.others ? mostBusy(first.others, last.others, tookMs) : null,
    }
  }
}

/** Both clocks at one moment: of a few looks the one with the least time between them. */
function readClocks(startAtMs: number): Clocks {
  const looks = Array.from({ length: 3 }, () => {
    const fromMs = preciseNow()
    const wallMs = Date.now()
    const bootMs = os.uptime() * 1_000
    const untilMs = preciseNow()
    return { tookMs: untilMs - fromMs, atMs: fromMs - startAtMs, wallMs, awakeMs: fromMs - bootMs }
  })
  return looks.reduce((best, one) => (one.tookMs < best.tookMs ? one : best))
}

function clockSampleOf(before: Clocks, now: Clocks): ClockSample {
  // The clock of a run stands still while the machine sleeps, and the other one does not.
  const sleptMs = before.awakeMs - now.awakeMs
  const suspendedMs = sleptMs < SLEEP_MIN_MS ? 0 : sleptMs
  const wallDriftMs = now.wallMs - before.wallMs - (now.atMs - before.atMs) - suspendedMs
  return { atMs: now.atMs, wallDriftMs, suspendedMs }
}

/** What happened between two looks. */
export function sampleOf(before: Look, now: Look): MachineSample {
  const tookMs = Math.max(1, now.atMs - before.atMs)
  const cores = (ticks: number) => Math.max(0, (1_000 * ticks) / TICKS_PER_S / tookMs)
  const known = [now.busy, before.busy, now.own, before.own, now.stolen, before.stolen].every(
    (one) => one !== undefined,
  )
  const busy = now.busy! - before.busy!
  const own = now.own! - before.own!
  const kernel = now.kernel - before.kernel
  return {
    ...clockSampleOf(before, now),
    load: os.loadavg()[0]!,
    cpu: known
      ? {
          busy: cores(busy),
          own: cores(own),
          others: cores(busy - own - kernel),
          stolen: cores(now.stolen! - before.stolen!),
        }
      : null,
  }
}

function pressureMs(): Readonly<Record<string, number>> | undefined {
  const found = ['cpu', 'io', 'memory'].map((name) => [name, waitedMs(readText(`/proc/pressure/${name}`))] as const)
  return found.every(([, ms]) => ms !== undefined) ? (Object.fromEntries(found) as Record<string, number>) : undefined
}

function pressureOf(
  before: Readonly<Record<string, number>> | undefined,
  after: Readonly<Record<string, number>> | undefined,
  tookMs: number,
): MachineRecord['pressure'] {
  if (!before || !after) return null
  const share = (name: string) => Math.min(1, (after[name]! - before[name]!) / tookMs)
  return { cpu: share('cpu'), io: share('io'), memory: share('memory') }
}

/**
 * Processes of one name together. One that began meanwhile counts whole. A program may write its arguments into its name, as
 * npm does: only the first word of it is kept. Who used next to nothing explains nothing, and a report is read by other people:
 * it is not named.
 */
export function mostBusy(
  before: ReadonlyMap<number, Running>,
  after: ReadonlyMap<number, Running>,
  tookMs: number,
): MachineRecord['others'] {
  const ticks = new Map<string, number>()
  for (const [pid, { name, ticks: now }] of after) {
    const then = before.get(pid)
    const first = name.split(' ')[0]!
    ticks.set(first, (ticks.get(first) ?? 0) + now - (then?.name === name ? then.ticks : 0))
  }
  return [...ticks]
    .map(([name, count]) => ({ name, cores: (1_000 * count) / TICKS_PER_S / tookMs }))
    .filter(({ cores }) => cores >= CORES_MIN)
    .toSorted((a, b) => b.cores - a.cores)
    .slice(0, OTHERS_MAX)
}

function coresByKind(pids: ProcessIds): MachineRecord['cores'] {
  const found = Object.entries(pids()).map(([kind, ids]) => [kind, coresOf(ids)] as const)
  return Object.fromEntries(found.filter(([, cores]) => cores !== undefined))
}
