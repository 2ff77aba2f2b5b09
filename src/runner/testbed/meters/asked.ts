import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { Socket } from 'node:net'
import type { AskedReading } from '../../records/facts.ts'
import { kafkaRequest } from './kafka-requests.ts'
import { SocketBytes } from './sockets.ts'

/** Of AWS's protocol over HTTP: the service and the action. */
const ACTION = 'x-amz-target'

/**
 * What this process asks of servers: the bytes of the connections that it makes, and requests by name where the server itself does
 * not count them, as Kafka and SQS. It sees what leaves the process, whatever client sends it. Make it before the first connection.
 */
export class AskedMeter {
  readonly #sockets = new SocketBytes()
  readonly #calls: Record<string, { calls: number; bytes: number }> = {}

  constructor() {
    const { connect } = Socket.prototype
    const watch = (socket: Socket) => this.#watch(socket)
    // Every client connects by this, also those that make their socket themselves, and those with TLS.
    const watched = function (this: Socket, ...options: unknown[]): Socket {
      const connecting = Reflect.apply(connect, this, options)
      // Afterwards, since it sets the socket's write back to its own.
      watch(this)
      return connecting
    }
    Socket.prototype.connect = watched as typeof connect
    subscribe('http.client.request.start', (message) => this.#ask((message as { request: ClientRequest }).request))
  }

  read(): AskedReading {
    const calls = Object.entries(this.#calls).map(([name, counted]) => [name, { ...counted }])
    return { bytes: this.#sockets.bytes, calls: Object.fromEntries(calls) }
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    const { write } = socket
    const counted = (...args: unknown[]): boolean => {
      const name = kafkaRequest(args[0])
      if (name !== undefined) this.#count(name, (args[0] as Uint8Array).length)
      return Reflect.apply(write, socket, args)
    }
    socket.write = counted as typeof write
  }

  #ask(request: ClientRequest): void {
    const [service, action] = String(request.getHeader(ACTION) ?? '').split('.')
    if (service === 'AmazonSQS' && action) this.#count(action, Number(request.getHeader('content-length')) || 0)
  }

  #count(name: string, bytes: number): void {
    this.#calls[name] ??= { calls: 0, bytes: 0 }
    const counted = this.#calls[name]
    counted.calls++
    counted.bytes += bytes
  }
}
