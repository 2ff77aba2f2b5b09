import type { Socket } from 'node:net'
import type { Play } from './raw-exchange.ts'

const DRIP_MS = 1_000
/** Requests at once of a client that reads none of the answers. */
const UNREAD_REQUESTS = 400

/** A head that never ends, a body that never ends, and answers that nobody reads. */
export function slowPlays(paths: readonly string[]): Play[] {
  const unread = Buffer.from('GET /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'.repeat(UNREAD_REQUESTS))
  return paths.flatMap((path): Play[] => {
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n`
    return [
      { bytes: Buffer.from(`${head}x-slow: `), more: (socket) => drip(socket, 'a'), slow: true },
      { bytes: Buffer.from(`${head}content-length: 2000\r\n\r\n{`), more: (socket) => drip(socket, ' '), slow: true },
      // Between requests an empty line means nothing. A client that does not read learns of the end only by writing.
      { bytes: unread, more: (socket) => drip(socket, '\r\n'), deaf: true, slow: true },
    ]
  })
}

function drip(socket: Socket, text: string): () => void {
  const timer = setInterval(() => {
    if (socket.writable) socket.write(text)
  }, DRIP_MS)
  return () => clearInterval(timer)
}
