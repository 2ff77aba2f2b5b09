import net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { ListenHandle } from '../../core/contracts/receiver.ts'
import type { ListenConfig } from '../config/config.ts'

/** A socket that is bound and does not listen: node makes it for its cluster, and gives nobody else a way to. */
interface BoundHandle extends ListenHandle {
  getsockname(into: { port?: number }): number
  close(): void
}
type CreateHandle = (host: string, port: number, family: 4 | 6, fd: number, flags: number) => BoundHandle | number

/**
 * The port of a service. This process binds it, and the processes behind it listen on it and accept: so no connection takes a
 * way round, and none is refused while they come and go. What they have not accepted waits in the kernel for the next one.
 */
export class Door {
  readonly port: number
  readonly handle: ListenHandle
  readonly #close: () => void

  private constructor(handle: BoundHandle, port: number) {
    this.handle = handle
    this.port = port
    this.#close = () => handle.close()
  }

  /** @throws FloodmarkError 'unavailable' when the port is taken or may not be opened. */
  static open({ host, port }: Required<Pick<ListenConfig, 'host' | 'port'>>): Door {
    const { _createServerHandle: create } = net as unknown as { _createServerHandle?: CreateHandle }
    if (!create)
      throw new FloodmarkError('unavailable', 'this Node cannot bind a port for others: use a release of Node')
    const made = create(host === 'localhost' ? '127.0.0.1' : host, port, net.isIPv6(host) ? 6 : 4, -1, 0)
    const name: { port?: number } = {}
    // That a port is taken is told by the first question about it.
    const mistake = typeof made === 'number' ? made : made.getsockname(name)
    if (typeof made === 'number' || mistake !== 0) {
      const what = `cannot listen on ${host}:${port}: ${getSystemErrorName(mistake)}. Free it, or choose another port`
      throw new FloodmarkError('unavailable', what)
    }
    return new Door(made, name.port!)
  }

  /** What the processes have not accepted is refused once they have closed it too. Twice is fine. */
  close(): void {
    this.#close()
  }
}
