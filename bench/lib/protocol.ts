import type { Scenario } from '../../src/runner/scenario/scenario.ts'

/** What one server process is. */
export type ServerSetup =
  /** node:http and an HMAC over the raw body, nothing else: what every stack is compared with. */
  | { readonly kind: 'bare' }
  /** Answers a canned 200 per complete request, unread: for measuring senders. */
  | { readonly kind: 'canned' }
  | {
      readonly kind: 'stack'
      readonly receiver: string
      readonly queue: string
      /** Absent: accept only, no processor. */
      readonly ledger?: string
      /** Without a ledger: what was stored is acknowledged at once, so that a queue in memory stays small. */
      readonly discards?: boolean
      readonly folder: string
      readonly runId: string
      /** Where the queue's server is; absent: the queue is in the folder. */
      readonly queueUrl?: string
      /** That server's process, where its CPU time can be read. */
      readonly serverPid?: number
    }

/** Counts since the start of a server, at a moment (ms since the Unix epoch). */
export interface Usage {
  readonly atMs: number
  readonly cpuSeconds: number
  /** null where nothing processes, as for the backlog. */
  readonly settled: number | null
  /** Accepted and not settled. */
  readonly backlog: number | null
  /** null where the queue does not sync, or keeps no count. */
  readonly syncs: number | null
  /** Deliveries of what was settled before; null where nothing processes. */
  readonly duplicates: number | null
  /** Of the process of the queue's server; null where there is none, or it is not known. */
  readonly serverCpuSeconds: number | null
}

export type ToServer = { readonly kind: 'usage'; readonly atMs: number } | { readonly kind: 'stop' }
export type FromServer =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LoadSetup {
  readonly tool: 'own' | 'autocannon'
  readonly port: number
  readonly connections: number
  readonly runId: string
  readonly warmUpMs: number
  readonly measureMs: number
  /** Requests are signed ahead for as many a second; a server that answers more ends the run early. */
  readonly ratePerSMax: number
}

export type FromLoad =
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LoadResult {
  readonly accepted: number
  readonly failed: number
  /** The measured window, ms since the Unix epoch. */
  readonly beganAtMs: number
  readonly endedAtMs: number
  /** The load's own. */
  readonly cpuSeconds: number
  readonly p99Ms: number
  readonly ranOut: boolean
}

export interface SendingSetup {
  readonly port: number
  readonly folder: string
  /** Who signs, and the share of each. */
  readonly mix: Scenario['mix']
  readonly ratePerS: number
  readonly durationMs: number
  /** Whose events they are, [0-9a-z]{6,12}, and what they are signed with, where a stack is to take them. */
  readonly runId?: string
  readonly secret?: string
}

export interface SendingResult {
  readonly sent: number
  readonly unsent: number
  /** Time it took to send them. */
  readonly sendingMs: number
  /** Of all its threads. */
  readonly cpuSeconds: number
  readonly eventLoopUtilization: number
  readonly connections: number
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  readonly latenessMaxMs: number
  /** Answered with 2xx, and how long that took since each was due; null when none was. */
  readonly accepted: number
  readonly acceptP50Ms: number | null
  readonly acceptP99Ms: number | null
}

export type FromSending =
  | { readonly kind: 'done'; readonly result: SendingResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
