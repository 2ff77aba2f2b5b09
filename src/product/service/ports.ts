import { createServer } from 'node:net'
import type { FloodmarkError } from '../../core/contracts/errors.ts'

/** Where something listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A name may stand for two addresses, and a service listens on one. */
export function boundHost(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

/** What is so with an address that cannot be listened on. It goes on after the address. */
export function portTrouble(code: string | undefined): string {
  if (code === 'EADDRINUSE') return 'is taken'
  if (code === 'EACCES') return 'may not be opened by this user'
  if (code === 'EADDRNOTAVAIL') return 'is no address of this machine'
  return `cannot be listened on (${code})`
}

/** Absent: it can be listened on, as long as nobody else does. */
export function codeOfPort({ host, port }: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** The code of what made listening fail. */
export function codeOf({ cause }: FloodmarkError): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code
}
