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
      readonly folder: string
      readonly runId: string
    }

/** Counts since the start of a server. */
export interface Usage {
  readonly atMs: number
  readonly cpuSeconds: number
  readonly settled: number
  /** Accepted and not settled; null where nothing processes. */
  readonly backlog: number | null
  /** null where the queue does not sync, or keeps no count. */
  readonly syncs: number | null
}

export type ToServer = { readonly kind: 'usage' } | { readonly kind: 'stop' }
export type FromServer =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LoadSetup {
  readonly port: number
  readonly connections: number
  readonly runId: string
  readonly warmUpMs: number
  readonly measureMs: number
  /** Requests are signed ahead for as many a second; a server that answers more ends the run early. */
  readonly ratePerSMax: number
}

export type FromLoad =
  | { readonly kind: 'window'; readonly edge: 'begins' | 'ends' }
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LoadResult {
  readonly accepted: number
  readonly failed: number
  readonly elapsedMs: number
  readonly p99Ms: number
  readonly cpuSeconds: number
  readonly ranOut: boolean
}
