import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../contracts/clock.ts'

/** An unread body up to this long is drained, and its connection kept: dearer ones are cut. */
const DRAIN_BYTES_MAX = 64 * 1024
/** A refused sender may go on sending for so many ms. */
const LINGER_MS = 1_000
/** Wait so many ms before reading the rest of a refused body: most senders notice the answer and close. */
const PAUSE_MS = 50
/** And this much is taken, then no more: one that cannot write looks whether there is an answer. It costs less than a body with a wrong signature. */
const LINGER_BYTES_MAX = 4 * 1024 * 1024
/** A piece counts for at least this much: tiny ones cost far more to take than their bytes. */
const PIECE_BYTES_MIN = 512
/** Connections beyond this many that linger are closed at once, as without it. */
const LINGERING_MAX = 100

/**
 * Ends refused requests whose body is still on its way. Closing with unread bytes makes the kernel send a reset, which takes
 * the answer away from a sender that has not read it yet. So the rest is taken and dropped for a while before the end.
 */
export class Lingering {
  readonly #clock: Clock
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `response` is written, and told to close; it is ended when the body is over, the sender gone, or the time. `onPiece` is told of each piece. */
  end(request: IncomingMessage, response: ServerResponse, onPiece = () => {}): void {
    if (this.#count >= LINGERING_MAX) return void response.end()
    this.#count++
    let bytesLeft = LINGER_BYTES_MAX
    const onData = (piece: Buffer) => {
      onPiece()
      bytesLeft -= Math.max(piece.length, PIECE_BYTES_MIN)
      if (bytesLeft < 0) request.pause()
    }
    const finish = () => {
      cancelPause()
      cancel()
      request.off('data', onData).off('end', finish).off('close', finish)
      this.#count--
      response.end()
    }
    const cancelPause = this.#clock.after(PAUSE_MS, () => void request.resume())
    const cancel = this.#clock.after(LINGER_MS, finish)
    request.pause().on('data', onData).on('end', finish).on('close', finish)
  }
}

/** Whether the connection can go on: its body was read, or is short enough to be drained. */
export function keeps({ complete, headers }: IncomingMessage): boolean {
  if (complete) return true
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= DRAIN_BYTES_MAX
}
