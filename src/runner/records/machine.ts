/** The machine of a run, and what else it did meanwhile. null: the system does not say; that is never written as 0. */
export interface MachineRecord {
  readonly kit: {
    readonly version: string
    /** The commit of the folder that the kit ran from; null where it is no clone. */
    readonly commit: string | null
    /** Tracked files differ from the commit. */
    readonly dirty: boolean | null
    /** Versions of the packages that it runs with, as they are installed. */
    readonly packages: Readonly<Record<string, string>>
  }
  readonly limits: {
    /** The least that a control group around this process allows, cores and bytes; null: none does, or none is known. */
    readonly cpuCores: number | null
    readonly memoryBytes: number | null
  }
  /** Each one that some core has. */
  readonly governors: readonly string[] | null
  /** The cores that each kind of process may run on. Absent: no such process is known on this machine. */
  readonly cores: { readonly [kind in ProcessKind]?: readonly number[] }
  /** How many cores the processes of the run might use; CPU time is that of these cores. null: of all. */
  readonly watchedCores: number | null
  /** While the run was sending, as all else here. */
  readonly samples: readonly MachineSample[]
  /** The clocks from then until its processes were stopped: a step moves an effect's time as well. Absent: nobody looked. */
  readonly afterSending?: readonly ClockSample[]
  /** The share of the time of sending in which something waited, 0-1. */
  readonly pressure: { readonly cpu: number; readonly io: number; readonly memory: number } | null
  /** How long a control group kept its processes from running though there was work, ms. */
  readonly throttledMs: number | null
  /** Those that took most, first; cores on average. Names without arguments. */
  readonly others: readonly { readonly name: string; readonly cores: number }[] | null
}

export type ProcessKind = 'sender' | 'stack' | 'server'

/** What happened to the clocks since the sample before; the first has none before it. */
export interface ClockSample {
  /** ms since the start of the run. */
  readonly atMs: number
  /** How far the wall clock went beside the run's clock, ms. A correction shows here, and so does nothing else. */
  readonly wallDriftMs: number
  /** How long the machine slept, ms. */
  readonly suspendedMs: number
}

/** And to the rest of the machine. */
export interface MachineSample extends ClockSample {
  /** One minute's average number of processes that run or wait to. */
  readonly load: number
  /** Cores in use on average: by everything, by this run and its servers, by others, and by other machines of the host. */
  readonly cpu: {
    readonly busy: number
    readonly own: number
    readonly others: number
    readonly stolen: number
  } | null
}
