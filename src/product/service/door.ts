import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { ListenConfig } from '../config/config.ts'
import { boundHost } from './ports.ts'

/** The processes of a service that was killed let go of its port soon after: it is waited for, ms. */
const TAKEN_MS = 5_000
const LOOK_MS = 50

/** A socket that is bound and does not listen. */
export interface BoundPort {
  /** Its descriptor. A process that is given it listens on it by `server.listen({ fd })`. */
  readonly fd: number
  readonly port: number
  close(): void
}
type Bind = (host: string, port: number) => BoundPort

/** What node has for its own cluster, and gives nobody else. */
type CreateHandle = (host: string, port: number, family: 4 | 6, fd: number, flags: number) => ClusterHandle | number
interface ClusterHandle {
  readonly fd: number
  getsockname(into: { port?: number }): number
  close(): void
}

const { BoundSocket, _createServerHandle: createHandle } = net as Partial<typeof net> & {
  _createServerHandle?: CreateHandle
}

/**
 * The ways of this Node to bind a port without listening on it, the one to use first. BoundSocket is public, and there since Node
 * 26.4. Before it no public way would do: a net.Server accepts connections in the process that holds it, the cluster closes its
 * port when the last worker ends, and with `reusePort` the connections that wait for a process die with it.
 */
export const WAYS_TO_BIND: readonly Bind[] = [
  ...(BoundSocket ? [(host: string, port: number) => boundBy(BoundSocket, host, port)] : []),
  ...(createHandle ? [(host: string, port: number) => boundAsClusterDoes(createHandle, host, port)] : []),
]

/**
 * The port of a service. This process binds it, and the processes behind it listen on it and accept: so no connection takes a
 * way round, and none is refused while they come and go. What they have not accepted waits in the kernel for the next one.
 */
export class Door {
  readonly port: number
  /** For the processes behind it. */
  readonly fd: number
  #bound: BoundPort | undefined

  private constructor(bound: BoundPort) {
    this.port = bound.port
    this.fd = bound.fd
    this.#bound = bound
  }

  /** `say` is told when the port is waited for. @throws FloodmarkError 'unavailable' when it stays taken, or may not be opened. */
  static async open(
    { host, port }: Required<Pick<ListenConfig, 'host' | 'port'>>,
    say: (line: string) => void,
    bind: Bind | undefined = WAYS_TO_BIND[0],
  ): Promise<Door> {
    if (!bind) throw new FloodmarkError('unavailable', 'this Node cannot bind a port for others: use a release of Node')
    const endMs = performance.now() + TAKEN_MS
    for (let tries = 1; ; tries++) {
      try {
        return new Door(bind(boundHost(host), port))
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code
        if (code !== 'EADDRINUSE' || performance.now() > endMs) {
          const what = `cannot listen on ${host}:${port}: ${code ?? messageOf(cause)}. Free it, or choose another port`
          throw new FloodmarkError('unavailable', what, { cause })
        }
        if (tries === 1) say(`${host}:${port} is taken: it is waited for, up to ${TAKEN_MS / 1_000} s`)
        await wait(LOOK_MS)
      }
    }
  }

  /** What the processes have not accepted is refused once they have closed it too. Twice is fine. */
  close(): void {
    this.#bound?.close()
    this.#bound = undefined
  }
}

function boundBy(Socket: typeof net.BoundSocket, host: string, port: number): BoundPort {
  const socket = new Socket({ host, port })
  return { fd: socket.fd(), port: socket.address().port, close: () => socket.close() }
}

function boundAsClusterDoes(create: CreateHandle, host: string, port: number): BoundPort {
  const made = create(host, port, net.isIPv6(host) ? 6 : 4, -1, 0)
  const name: { port?: number } = {}
  // That a port is taken is told by the first question about it.
  const mistake = typeof made === 'number' ? made : made.getsockname(name)
  if (typeof made !== 'number' && mistake === 0) return { fd: made.fd, port: name.port!, close: () => made.close() }
  if (typeof made !== 'number') made.close()
  const code = getSystemErrorName(mistake)
  throw Object.assign(new Error(code), { code })
}
