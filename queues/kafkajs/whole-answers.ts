import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { socketTo } from '../../src/clients/kafka/address.ts'

const KEEP_ALIVE_MS = 60_000
const LENGTH_BYTES = 4

/**
 * The socket that kafkajs reads from. When a connection breaks, kafkajs 2.2.4 keeps the first part of an answer and takes the
 * next connection's bytes for the rest. It also reads on from a connection that it has ended while the broker still sends
 * there. Lengths then mean nothing, and an exception that nobody can catch ends the process. So it gets whole answers only,
 * and no answers once it has ended the connection.
 */
export const wholeAnswers: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const broker = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const tls = ssl && { ...(typeof ssl.ca === 'string' && { ca: ssl.ca }) }
  const socket = socketTo(broker, tls || undefined, onConnect).setKeepAlive(true, KEEP_ALIVE_MS)
  const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket
  socket.on = ((event: string, listener: (...args: never[]) => void) =>
    on(event, event === 'data' ? inWhole(socket, listener as (answer: Buffer) => void) : listener)) as Socket['on']
  return socket
}

/** Calls `take` with each answer, its length before it. */
function inWhole(socket: Socket, take: (answer: Buffer) => void): (part: Buffer) => void {
  let parts: Buffer[] = []
  let bytes = 0
  let needed = LENGTH_BYTES
  return (part) => {
    parts.push(part)
    bytes += part.length
    while (bytes >= needed && !socket.writableEnded) {
      const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      parts = [all]
      const length = all.readInt32BE(0)
      if (length < 0) return void socket.destroy(new Error(`an answer of ${length} bytes: this is not a Kafka broker`))
      const answerBytes = LENGTH_BYTES + length
      if (bytes >= answerBytes) {
        parts = [all.subarray(answerBytes)]
        bytes -= answerBytes
        needed = LENGTH_BYTES
        take(all.subarray(0, answerBytes))
      } else needed = answerBytes
    }
  }
}
