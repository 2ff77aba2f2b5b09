import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Counts the bytes of a process's connections, both directions, by who made the connection. */
export class SocketMeter {
  readonly #served = new Sockets()
  readonly #asked = new Sockets()

  /** From now on: connections that are open already are not seen. */
  constructor() {
    subscribe('net.server.socket', (message) => this.#served.add((message as { socket: Socket }).socket))
    subscribe('net.client.socket', (message) => this.#asked.add((message as { socket: Socket }).socket))
  }

  read(): { readonly servedBytes: number; readonly askedBytes: number } {
    return { servedBytes: this.#served.bytes, askedBytes: this.#asked.bytes }
  }
}

class Sockets {
  readonly #open = new Set<Socket>()
  #ended = 0

  get bytes(): number {
    let bytes = this.#ended
    for (const socket of this.#open) bytes += bytesOf(socket)
    return bytes
  }

  add(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#ended += bytesOf(socket)
    })
  }
}

const bytesOf = ({ bytesRead, bytesWritten }: Socket) => (bytesRead ?? 0) + (bytesWritten ?? 0)
