import type { Victim } from './faults.ts'

/** The servers that a run's queue and ledger need. */
export interface Servers {
  /** undefined: the driver keeps its data on local disk. */
  readonly queueUrl: string | undefined
  readonly ledgerUrl: string | undefined
  /** For what lies on local disk; gone when the run has ended. */
  readonly dataFolder: string
  /** Only servers that this run started may be struck by faults. */
  readonly queue: Victim | undefined
  readonly ledger: Victim | undefined
  /** How each was got, a line each. */
  readonly says: readonly string[]
  /** Deletes the run's namespaces, and ends what the run started. */
  stop(): Promise<void>
}

/** Finds or starts what the run needs. @throws FloodmarkError 'unavailable' with the line to install. */
export async function startServers(dataFolder: string): Promise<Servers> {
  const none = { queueUrl: undefined, ledgerUrl: undefined, queue: undefined, ledger: undefined }
  return { ...none, dataFolder, says: [], stop: async () => {} }
}
