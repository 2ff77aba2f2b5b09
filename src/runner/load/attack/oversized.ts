import type { Socket } from 'node:net'
import { SERVICE_DEFAULTS } from '../../../core/service/limits.ts'
import type { Play } from './raw-exchange.ts'

/** Stated, where a length is stated: far above any limit. */
const STATED_BYTES = 64 * SERVICE_DEFAULTS.bodyBytesMax
/** Sent at most, to a receiver that takes and takes. */
const SENT_BYTES_MAX = 8 * SERVICE_DEFAULTS.bodyBytesMax
const PIECE = Buffer.alloc(64 * 1024, ' ')
/** Time for a piece, ms: each attacker has a line of 100 Mbit/s. A burst at memory's speed would strike the machine, not the receiver. */
const PIECE_MS = 5
const CHUNK = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')])

/** Bodies above the limit: by their stated length, by what comes in chunks, and announced before they come. */
export function oversizedPlays(paths: readonly string[]): Play[] {
  return paths.flatMap((path): Play[] => {
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`
    return [
      { bytes: Buffer.from(`${head}content-length: ${STATED_BYTES}\r\n\r\n`), more: (socket) => pour(socket, PIECE) },
      { bytes: Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`), more: (socket) => pour(socket, CHUNK) },
      { bytes: Buffer.from(`${head}expect: 100-continue\r\ncontent-length: ${STATED_BYTES}\r\n\r\n`) },
    ]
  })
}

/** As fast as its line lets it, while the receiver takes it. */
function pour(socket: Socket, piece: Buffer): () => void {
  let left = SENT_BYTES_MAX
  const one = () => {
    if (left <= 0 || !socket.writable || socket.writableNeedDrain) return
    left -= piece.length
    socket.write(piece)
  }
  const pieces = setInterval(one, PIECE_MS)
  one()
  return () => clearInterval(pieces)
}
