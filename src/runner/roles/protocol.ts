/** What a service process is told first. Modules are file URLs. */
export interface ServiceSetup {
  readonly kind: 'setup'
  readonly runId: string
  readonly seed: number
  readonly receiver: string
  readonly queue: string
  readonly ledger: string
  readonly scenario: string
  readonly routes: readonly {
    readonly path: string
    readonly source: string
    readonly provider: string
    readonly secret: string
  }[]
  /** Folder for queues and ledgers on local disk. */
  readonly dataFolder: string
  readonly port: number
}

export type ToService = ServiceSetup | { readonly kind: 'stop' } | { readonly kind: 'export'; readonly folder: string }

export interface ServiceSample {
  readonly atEpochMs: number
  readonly applied: number
  readonly buried: number
  readonly failed: number
  readonly duplicates: number
  readonly backlog: number | null
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly eventLoopUtilization: number
}

export interface Durability {
  readonly queue: { readonly server: string; readonly survives: readonly string[]; readonly order: string }
  readonly ledger: { readonly server: string; readonly survives: readonly string[] }
}

export type FromService =
  | { readonly kind: 'ready'; readonly port: number; readonly durability: Durability }
  | { readonly kind: 'sample'; readonly sample: ServiceSample }
  | { readonly kind: 'exported' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
