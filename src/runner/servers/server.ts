/** A server that a run may use, however it was got. */
export interface Server {
  readonly kind: string
  /** One on this machine: <scheme of its kind>://127.0.0.1:<port>. A given URL as it was given. */
  readonly url: string
  readonly origin: 'given' | 'kept' | 'compose' | 'native'
  /** One line for people: what it is and how it was got; says so when it is an emulator. Holds no password. */
  readonly says: string
  /** The process of this machine that it is, where it runs already and that is known. */
  readonly pid?: number | undefined
  /** Faults on purpose. Only for a server that this process runs itself. */
  readonly control?: Control
  /** Ends the server and removes its data, if we started it; else nothing. Twice is fine. */
  stop(): Promise<void>
}

/** The processes of this machine that a server is known to be now. */
export function pidsOf({ control, pid }: Server): readonly number[] {
  return control?.pids() ?? (pid === undefined ? [] : [pid])
}

/** Whether a server stands on when whoever asked for it is done. */
export function outlives({ origin }: Server): boolean {
  return origin === 'given' || origin === 'kept'
}

/** Servers that the settings give by address, and that somebody started for several runs; by address. */
export type SharedServers = Readonly<Record<string, SharedServer>>

interface SharedServer {
  /** The processes of this machine that it is known to be. */
  readonly pids: readonly number[]
  /** It ends with the last of those runs, and so does what they wrote. */
  readonly endsWithThem: boolean
}

/** Signals go to the server and to whatever it forked. */
export interface Control {
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>
  /** Once more, with the same data on the same port; resolves when it answers. @throws FloodmarkError 'unavailable'. */
  start(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void
  /** SIGCONT */
  resume(): void
  /** Of those that run. */
  pids(): readonly number[]
  /** What is struck, in words, where that is not the whole server. */
  readonly strikes?: string
}

/**
 * When a server's disk write is forced. 'always': before each answer. 'everysec': every second, so that a power loss takes
 * what was acknowledged since. The emulator has no disk.
 */
export type Fsync = 'always' | 'everysec'

export interface ProvideOptions {
  /** A server that is there already: nothing is started or stopped. */
  readonly url?: string | undefined
  /** What people give that URL with, for messages. */
  readonly flag?: string
  /** Where a native server gets a data folder of its own. */
  readonly folder: string
  /** Keeps what is fetched, and the list of started servers. Default: .cache in the working folder. */
  readonly cacheFolder?: string
  /** Default 'always'. */
  readonly fsync?: Fsync
  /** Only a server of our own, so that it can be killed and paused. */
  readonly nativeOnly?: boolean
  /** Leaves the server running after this process, until `brokers down`. */
  readonly stays?: boolean
  /** Ends the start. */
  readonly signal?: AbortSignal
  onProgress(line: string): void
}
