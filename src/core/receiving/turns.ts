import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Requests of one connection that may wait for their answers: the next one is read when one of them is answered. Senders of webhooks do not pipeline. */
export const PIPELINED_MAX = 8
/** A turn takes so much of a body in chunks at first; twice as much where it came in few pieces, half where in many. */
const SLICE_BYTES_MIN = 512
const SLICE_BYTES_MAX = 16 * 1024
const FEW_PIECES = 4
/** Up to so many bytes with one head are parsed at once. */
const WHOLE_BYTES_MAX = 4 * 1024
/** Two line ends. */
const END_OF_HEAD = Buffer.of(13, 10, 13, 10)
const LINE_FEED = 10
/** No head begins like this: node refuses it as it refuses all that is no HTTP. */
const NO_HTTP = Buffer.of(0)
const NOTHING = Buffer.alloc(0)

/**
 * Shares the event loop among connections: in each turn of it, one connection has one request parsed, or one slice of a body
 * in chunks. Node parses all that one read brought, 64 KiB: 1,700 requests, or 10,000 pieces of a body, while all others
 * wait. What is left goes back into the socket, which is paused until the next turn. A body of stated length is never cut.
 * Where a cut lies has no bearing on what is parsed: the parser takes bytes in any pieces.
 */
export class Turns {
  readonly #socket: Socket
  readonly #parse: (bytes: Buffer) => void
  readonly #last: () => IncomingMessage | undefined
  readonly #mayBegin: () => boolean
  /** What is still to come of the body of stated length that is being read. */
  #bodyBytesLeft = 0
  #sliceBytes = SLICE_BYTES_MIN
  #pieces = 0
  /** The request line that is coming, as far as it came; undefined once it is whole. */
  #line: string | undefined = ''
  #waits = false
  #planned = false
  /** Whether node wants to read on; it does not while nobody takes the body or the answers. */
  #wanted = true

  /** The socket is one that node's server has just taken. `last` is the request that began last, `mayBegin` whether another one may. */
  constructor(socket: Socket, last: () => IncomingMessage | undefined, mayBegin: () => boolean) {
    this.#socket = socket
    this.#last = last
    this.#mayBegin = mayBegin
    this.#parse = socket.listeners('data')[0] as (bytes: Buffer) => void
    const [onPause, onResume] = [socket.listeners('pause')[0], socket.listeners('resume')[0]] as (() => void)[]
    // With a listener of another's, node hands the bytes to it and leaves its own short cut. With that go its listeners that
    // stop reading while the socket is paused. Without them a peer that reads no answer could go on by a byte now and then.
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.removeListener('data', this.#parse)
    if (onPause) socket.on('pause', onPause)
    if (onResume) socket.on('resume', onResume)
    socket._read = (size) => {
      if (!socket.isPaused()) Socket.prototype._read.call(socket, size)
    }
    socket.pause = () => {
      this.#wanted = false
      return Socket.prototype.pause.call(socket)
    }
    socket.resume = () => {
      this.#wanted = true
      return this.#waits ? socket : Socket.prototype.resume.call(socket)
    }
  }

  /** Bytes came whose turn has not come. */
  get waits(): boolean {
    return this.#waits
  }

  /** A piece of a body came. */
  countPiece(): void {
    this.#pieces++
  }

  /** Plans the next turn, where one is due and may be: also once a request was answered. */
  go(): void {
    if (!this.#waits || this.#planned || !this.#mayGoOn()) return
    this.#planned = true
    setImmediate(() => {
      this.#planned = false
      this.#waits = false
      if (this.#wanted) Socket.prototype.resume.call(this.#socket)
    })
  }

  #take(bytes: Buffer): void {
    let at = 0
    if (this.#mayGoOn()) {
      if (!this.#isInBody()) at = this.#takeHead(bytes)
      if (at < bytes.length && !this.#socket.isPaused() && this.#isInBody()) at += this.#takeBody(bytes.subarray(at))
    }
    if (at === bytes.length || this.#socket.destroyed) return
    this.#waits = true
    Socket.prototype.pause.call(this.#socket)
    this.#socket.unshift(bytes.subarray(at))
    this.go()
  }

  #takeHead(bytes: Buffer): number {
    const end = bytes.indexOf(END_OF_HEAD)
    const afterHead = end === -1 ? bytes.length : end + END_OF_HEAD.length
    // The ordinary webhook, head and body at once: a call of the parser less.
    const isOne = bytes.length <= WHOLE_BYTES_MAX && bytes.indexOf(END_OF_HEAD, afterHead) === -1
    const taken = isOne ? bytes.length : afterHead
    if (!this.#isLineRight(bytes)) return this.#refuse(bytes)
    const before = this.#last()
    this.#parse(taken === bytes.length ? bytes : bytes.subarray(0, taken))
    const last = this.#last()
    if (last !== before) {
      const { headers } = last!
      const bodyBytes = Number(headers['content-length'] ?? 0)
      this.#bodyBytesLeft = Math.max(0, bodyBytes - (taken - afterHead))
      this.#sliceBytes = SLICE_BYTES_MIN
      this.#pieces = 0
      this.#line = ''
      // The next head may have begun behind a short body.
      const next = headers['transfer-encoding'] === undefined ? bytes.subarray(afterHead + bodyBytes, taken) : NOTHING
      if (!this.#isLineRight(next)) return this.#refuse(bytes)
    }
    return taken
  }

  #takeBody(bytes: Buffer): number {
    if (this.#bodyBytesLeft === 0) return this.#takeChunks(bytes.subarray(0, this.#nextSliceBytes()))
    const taken = Math.min(bytes.length, this.#bodyBytesLeft)
    this.#bodyBytesLeft -= taken
    this.#parse(taken === bytes.length ? bytes : bytes.subarray(0, taken))
    return taken
  }

  /** A body in chunks ends with an empty line: it is cut behind each, so that the next head is not parsed along with it. */
  #takeChunks(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && this.#isInBody() && !this.#socket.destroyed) {
      const end = bytes.indexOf(END_OF_HEAD, at)
      const to = end === -1 ? bytes.length : end + END_OF_HEAD.length
      this.#parse(bytes.subarray(at, to))
      at = to
    }
    return at
  }

  /** To node, several spaces in a request line are one. A proxy before us may take them for something else (RFC 9112 3). */
  #isLineRight(bytes: Buffer): boolean {
    let at = 0
    while (this.#line !== undefined && at < bytes.length) {
      const end = bytes.indexOf(LINE_FEED, at)
      this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
      if (this.#line.includes('  ')) return false
      if (end === -1) return true
      at = end + 1
      // Empty lines before it do not count.
      this.#line = this.#line === '' || this.#line === '\r' ? '' : undefined
    }
    return true
  }

  #refuse(bytes: Buffer): number {
    this.#parse(NO_HTTP)
    return bytes.length
  }

  #nextSliceBytes(): number {
    if (this.#pieces > FEW_PIECES) this.#sliceBytes = Math.max(SLICE_BYTES_MIN, this.#sliceBytes / 2)
    else if (this.#pieces > 0) this.#sliceBytes = Math.min(SLICE_BYTES_MAX, this.#sliceBytes * 2)
    this.#pieces = 0
    return this.#sliceBytes
  }

  #isInBody(): boolean {
    return this.#last()?.complete === false
  }

  #mayGoOn(): boolean {
    return this.#isInBody() || this.#mayBegin()
  }
}
