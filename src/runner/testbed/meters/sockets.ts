import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** The bytes of some connections, both directions together. Those that ended count too. */
export class SocketBytes {
  readonly #open = new Set<Socket>()
  #ended = 0

  get bytes(): number {
    let bytes = this.#ended
    for (const socket of this.#open) bytes += bytesOf(socket)
    return bytes
  }

  add(socket: Socket): void {
    if (this.#open.has(socket)) return
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#ended += bytesOf(socket)
    })
  }
}

/** Of the connections that this process takes from now on. */
export function servedSockets(): SocketBytes {
  const served = new SocketBytes()
  subscribe('net.server.socket', (message) => served.add((message as { socket: Socket }).socket))
  return served
}

const bytesOf = ({ bytesRead, bytesWritten }: Socket) => (bytesRead ?? 0) + (bytesWritten ?? 0)
