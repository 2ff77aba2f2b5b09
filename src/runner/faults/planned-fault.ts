/** Processes of the stack. */
export const PROCESSES = ['receivers', 'processors', 'stack'] as const
/** Servers that the run started itself. */
export const SERVERS = ['queue-server', 'ledger-server'] as const
/** Connections from the senders to the receivers, or from the stack to a server. */
export const LINKS = ['senders-link', 'queue-link', 'ledger-link'] as const

export type ServerTarget = (typeof SERVERS)[number]
export type LinkTarget = (typeof LINKS)[number]
export type FaultTarget = (typeof PROCESSES)[number] | ServerTarget | LinkTarget

export function isServer(target: FaultTarget): target is ServerTarget {
  return (SERVERS as readonly FaultTarget[]).includes(target)
}

/** In a simulation servers cannot be struck themselves: the link to the server is. */
export function linkTo(target: FaultTarget): LinkTarget | undefined {
  if (target === 'queue-server') return 'queue-link'
  return target === 'ledger-server' ? 'ledger-link' : undefined
}

/** What every planned fault has, whatever its kind. */
export interface AnyFault {
  /** The name of its kind in the map of kinds. */
  readonly what: string
  readonly target: FaultTarget
  /** When it begins, 0-1 of the duration. */
  readonly at: number
  /** It is undone after this time, and at the end of a run whatever happens. */
  readonly forMs: number
}
