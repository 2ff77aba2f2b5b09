/** Processes of the stack. */
export const PROCESSES = ['receivers', 'processors', 'stack'] as const
/** Servers that the run started itself. */
export const SERVERS = ['queue-server', 'ledger-server'] as const
/** Connections from the senders to the receivers, or from the stack to a server. */
export const LINKS = ['senders-link', 'queue-link', 'ledger-link'] as const

export type ServerPart = (typeof SERVERS)[number]
export type LinkPart = (typeof LINKS)[number]
export type StackPart = (typeof PROCESSES)[number] | ServerPart | LinkPart

export function isServer(part: StackPart): part is ServerPart {
  return (SERVERS as readonly StackPart[]).includes(part)
}

/** In a simulation servers cannot be struck themselves: the link to the server is. */
export function linkTo(part: StackPart): LinkPart | undefined {
  if (part === 'queue-server') return 'queue-link'
  return part === 'ledger-server' ? 'ledger-link' : undefined
}

/** What every planned fault has, whatever its kind. */
export interface AnyFault {
  /** The name of its kind in the map of kinds. */
  readonly what: string
  /** The part of the stack that it breaks. */
  readonly strikes: StackPart
  /** When it begins, 0-1 of the duration. */
  readonly at: number
  /** It is undone after this time, and at the end of a run whatever happens. */
  readonly forMs: number
}
