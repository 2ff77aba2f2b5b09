import type { ProbeAnswer } from '../../../core/contracts/probe.ts'
import type { Fsync } from '../server.ts'

/** All that the runner knows of one kind of server. Each kind is one file in this folder, and one line in its index. */
export interface ServerKindDefinition {
  /** The name that drivers give as their `server`, and people after `brokers up`. */
  readonly name: string
  /** Which URLs may lead to such a server. */
  readonly urlLike: { readonly pattern: RegExp; readonly example: string }
  /** What the URL of a server on this machine begins with. */
  readonly scheme: string
  /** Where such a server usually listens. Absent: nobody looks for one. */
  readonly defaultPort?: number
  /** It is several servers of this kind, which a run starts where its own name is given for their address. */
  readonly clusterOf?: string
  /** How a server is called whose URL was given. Default: its name. */
  describe?(url: string): string
  /** Asks what answers at a URL; undefined when nothing there speaks the protocol and is ready within `ms`. Never rejects. */
  probe(url: string, ms: number): Promise<ProbeAnswer | undefined>
  /** How to run one as a process of our own. @throws FloodmarkError 'unavailable' that says what to install. */
  recipe(options: RecipeOptions): Promise<Recipe>
  /** The service of this kind's name in infra/docker-compose.yml. Absent: compose has no such service. */
  readonly compose?: { env(fsync: Fsync): Readonly<Record<string, string>> }
  /** Why a server that we start is not the real thing, in words. Absent: it is. */
  readonly emulator?: string
  /** Why nothing can stand between such a server and its clients, in words. Absent: a proxy can. */
  readonly noProxy?: string
  /** Memory that it uses, in bytes. Absent: such a server keeps what matters on disk. null: it does not say. */
  readonly memoryBytes?: ((url: string) => Promise<number>) | null
  /** The namespaces that have data of ours there. Rejects when it does not answer. */
  namespaces(url: string): Promise<readonly string[]>
  /** What it says of itself, with all of its clients. `namespace`: the run's. Absent: it says nothing. Rejects without an answer. */
  readonly counts?: (url: string, namespace: string) => Promise<ServerCounter>
}

export interface ServerCounter {
  /** Rejects where the server does not answer. */
  read(): Promise<{
    /** What it carried out since it started, by its own names. Absent: it does not count. */
    readonly calls?: Readonly<Record<string, number>>
    /** The position in its log, or the log's size. Absent: it does not tell. */
    readonly logBytes?: number
  }>
  close(): Promise<void>
}

export interface RecipeOptions {
  readonly fsync: Fsync
  /** Keeps what is fetched. */
  readonly cacheFolder: string
  readonly signal?: AbortSignal
  onProgress(line: string): void
}

/** How to run a server as a process of our own. */
export interface Recipe {
  /** What it is and how it is set, for people. */
  readonly says: string
  /** How many ports it needs; clients use the first. */
  readonly ports: number
  /** How many processes it is, each with ports of its own. Absent: one. */
  readonly nodes?: number
  readonly readyMaxMs: number
  /** Whom it runs as. Its data then lie in the system's temporary folder: those of ours are closed to others. Absent: as we do. */
  readonly user?: ServerUser
  /** Prepares the data folder; says what to run. With several nodes it is asked for each, with the ports and folders of all. */
  prepare(folder: string, ports: readonly number[], node: Node): Promise<Command>
}

export interface Node {
  /** From 0. */
  readonly at: number
  readonly folders: readonly string[]
}

export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where clients find it, and the other nodes. Absent: its scheme, and its first port. */
  readonly url?: string
  /** Whether this very node is ready, and knows the others. Absent: what its kind's probe says of the URL. */
  readonly isReady?: (ms: number) => Promise<boolean>
}
