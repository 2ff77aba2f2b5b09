import type { QueueTraits } from '../../src/core/contracts/queue.ts'
import type { Scenario } from '../../src/runner/scenario/scenario.ts'

/** The kinds of server process. */
export type ServerSetup =
  /** node:http and an HMAC over the raw body, nothing else. Every stack is compared with it. */
  | { readonly kind: 'bare' }
  /** Answers a canned 200 per complete request, unread, to measure senders. */
  | { readonly kind: 'canned' }
  | {
      readonly kind: 'stack'
      readonly receiver: string
      readonly queue: string
      /** Absent: the server only accepts, and has no processor. */
      readonly ledger?: string
      /** Without a ledger: stored events are acknowledged at once, so that a queue in memory stays small. */
      readonly discards?: boolean
      readonly folder: string
      readonly runId: string
    }
  /** The queue and the ledger in this process, and so many others that receive and hand it their events. */
  | {
      readonly kind: 'writer'
      readonly receivers: number
      readonly queue: string
      readonly ledger: string
      readonly folder: string
      readonly runId: string
    }

/** A receiver of a writer: where it hands events to, and what that queue takes. */
export interface ReceiverSetup {
  readonly path: string
  readonly traits: QueueTraits
}
export type FromReceiver =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** Counts since the start of a server, at a moment by preciseNow. */
export interface Usage {
  readonly atMs: number
  readonly cpuSeconds: number
  /** null where nothing processes, as for the backlog. */
  readonly settled: number | null
  /** Events that are accepted and not settled. */
  readonly backlog: number | null
  /** null where the queue does not sync, or keeps no count. */
  readonly syncs: number | null
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
  /** So many requests are signed ahead for each second. A server that answers more ends the run early. */
  readonly ratePerSMax: number
}

export type FromLoad =
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LoadResult {
  readonly accepted: number
  readonly failed: number
  /** The measured window, by preciseNow. */
  readonly beganAtMs: number
  readonly endedAtMs: number
  /** The load's own CPU time. */
  readonly cpuSeconds: number
  readonly p99Ms: number
  readonly ranOut: boolean
}

export interface SendingSetup {
  readonly port: number
  readonly folder: string
  /** The providers that sign, and the share of each. */
  readonly mix: Scenario['mix']
  readonly ratePerS: number
  readonly durationMs: number
  /** The run id of the events, [0-9a-z]{6,12}, and the secret that signs them, where a stack takes them. */
  readonly runId?: string
  readonly secret?: string
}

export interface SendingResult {
  readonly sent: number
  readonly unsent: number
  /** Time it took to send them. */
  readonly sendingMs: number
  /** CPU time of all its threads. */
  readonly cpuSeconds: number
  readonly eventLoopUtilization: number
  readonly connections: number
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  readonly latenessMaxMs: number
  /** Requests answered with 2xx, and the time to the answer since each was due; null when none was answered. */
  readonly accepted: number
  readonly acceptP50Ms: number | null
  readonly acceptP99Ms: number | null
}

export type FromSending =
  | { readonly kind: 'done'; readonly result: SendingResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
