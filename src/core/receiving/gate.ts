import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { headerReader, hostsIn } from '../base/headers.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { ReceiverOptions, Verify } from '../contracts/receiver.ts'
import type { Reply } from '../contracts/reply.ts'
import { judgeHead } from './head.ts'
import { keeps, Lingering } from './linger.ts'
import {
  BAD_REQUEST,
  BUSY,
  HELD_TOO_MUCH,
  NO_EXPECTATION,
  OWN_REFUSALS,
  replyBytes,
  replyToParser,
  STOPPING,
  STOPPING_BYTES,
  TOO_LARGE,
  TOO_MANY_HEADERS,
  writeHead,
} from './replies.ts'
import { PIPELINED_MAX, Turns } from './turns.ts'

/** A request with more header lines than this gets 431; node alone would drop those beyond its own limit in silence. */
export const HEADERS_MAX = 100
/** Longer bodies share LONG_SHARE of heldBytesMax. A sender that fills it keeps other long bodies out, but no ordinary webhook. */
const SHORT_BYTES_MAX = 64 * 1024
export const LONG_SHARE = 0.75
/** A request that is not complete this long after stop() gets 503; an idle connection is closed. */
export const STOP_GRACE_MS = 500
/** Idle connections stay open for so many graces at most, while requests still come on others. */
const BUSY_GRACES_MAX = 10
/** Connections still open this long after stop() are cut. */
const STOP_MS = 10_000

interface Connection {
  /** Requests that came on it so far; `startedBefore` is the same at the last look while stopping. */
  started: number
  startedBefore: number
  unanswered: number
  last: Exchange | undefined
  /** It was told `Connection: close`. */
  closing: boolean
  readonly turns: Turns
}

/** One request that was let in, until its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  /** Memory that its body takes. */
  bytes: number
  /** It is complete, and counts against inFlightMax. */
  counted: boolean
  left: boolean
}

/** Stands before a receiver's own code: every limit that can be judged before the body, in-flight bounds, and the way out. */
export class Gate {
  readonly #server: Server
  readonly #options: ReceiverOptions
  readonly #read: (exchange: Exchange) => void
  readonly #connections = new Map<Socket, Connection>()
  /** Connections whose TLS does not stand yet, by their peer. */
  readonly #handshakes = new Map<string, Socket>()
  readonly #lingering: Lingering
  #inFlight = 0
  /** The bytes of bodies that came, in part or whole, and wait for their answer. */
  #heldBytes = 0
  /** Requests so far, and at the last look while stopping. */
  #started = 0
  #startedBefore = 0
  #stopping: Promise<void> | undefined

  /**
   * `read` gets each request that may be read; it must end in `answer` or `leave`, unless the sender goes away before the body's end.
   * @throws FloodmarkError 'misuse' where a body of bodyBytesMax could never pass.
   */
  constructor(server: Server, options: ReceiverOptions, read: (exchange: Exchange) => void) {
    const { bodyBytesMax, heldBytesMax } = options
    if (bodyBytesMax > LONG_SHARE * heldBytesMax) {
      const what = `heldBytesMax is ${heldBytesMax}, too little for a body of bodyBytesMax, ${bodyBytesMax}: make it twice that at least`
      throw new FloodmarkError('misuse', what)
    }
    this.#lingering = new Lingering(options.clock)
    this.#server = server
    this.#options = options
    this.#read = read
    server.maxConnections = options.connectionsMax
    // For a peer that neither sends nor reads; above requestMs, so that a slow request has had its 408.
    server.timeout = 2 * options.requestMs
    // Senders may end their side once all is said: node would end ours too, before an answer that takes a while.
    Object.assign(server, { httpAllowHalfOpen: true })
    // One more than allowed is kept, so that it can be seen.
    server.maxHeadersCount = HEADERS_MAX + 1
    if (options.tls) server.on('connection', (socket) => this.#shakeHands(socket))
    server.on(options.tls ? 'secureConnection' : 'connection', (socket) => this.#connect(socket))
    server.on('timeout', (socket) => this.#idle(socket))
    server.on('request', (request, response) => this.#enter(request, response, false))
    // Node would ask for the body before anyone has looked at its length.
    server.on('checkContinue', (request, response) => this.#enter(request, response, true))
    server.on('checkExpectation', (request, response) => this.#enter(request, response, false, NO_EXPECTATION))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#end(socket, error))
  }

  /** Counts a piece of a body in, with the memory that it takes more, before it is kept. False: it may not be kept, answer HELD_TOO_MUCH; or there was an answer already. */
  hold(exchange: Exchange, bytes: number): boolean {
    exchange.connection.turns.countPiece()
    return this.#hold(exchange, bytes)
  }

  #hold(exchange: Exchange, bytes: number): boolean {
    if (exchange.left) return false
    exchange.bytes += bytes
    this.#heldBytes += bytes
    return this.#heldBytes <= this.#roomFor(exchange.bytes)
  }

  /** Hands a complete request to the ingest, unless too many are in progress. Never rejects. */
  handle(exchange: Exchange, raw: Buffer, verify?: Verify): Promise<Reply> {
    const { ingest, bodyBytesMax, inFlightMax, clock } = this.#options
    if (exchange.left || this.#inFlight >= inFlightMax) return Promise.resolve(BUSY)
    this.#count(exchange)
    const { url, rawHeaders } = exchange.request
    const room = { bytesMax: bodyBytesMax, hold: (bytes: number) => this.#hold(exchange, bytes) }
    return ingest.handle({ url: url!, header: headerReader(rawHeaders), raw, receivedAtMs: clock.now(), room }, verify)
  }

  /** Sends a reply and counts the request out. Nothing happens when the sender is gone. */
  answer(exchange: Exchange, reply: Reply): void {
    const { request, response } = exchange
    const close = this.leave(exchange, reply)
    if (response.destroyed || response.headersSent) return
    const text = writeHead(response, this.asSent(exchange, reply), close)
    if (!close || request.complete) return void response.end(text)
    response.write(text)
    this.#lingering.end(request, response, () => exchange.connection.turns.countPiece())
  }

  /** The reply as it is sent: a refusal of the receiver's own as the route has it, with the time after which its sender should come again as it is now. */
  asSent({ request }: Exchange, reply: Reply): Reply {
    if (!OWN_REFUSALS.has(reply)) return reply
    const { ingest } = this.#options
    const told = ingest.replyFor(request.url!, reply)
    return reply === BUSY || reply === HELD_TOO_MUCH
      ? { ...told, retryAfterS: ingest.retryAfterS(this.#inFlight) }
      : told
  }

  /** Counts a request out that is about to get this reply, or none: its sender is gone. True when its connection must close afterwards. */
  leave(exchange: Exchange, reply?: Reply): boolean {
    const { request, connection } = exchange
    if (!exchange.left) {
      exchange.left = true
      if (reply && OWN_REFUSALS.has(reply)) this.#options.ingest.refused(request.url!, reply)
      this.#heldBytes -= exchange.bytes
      if (exchange.counted) this.#inFlight--
      connection.unanswered--
      connection.turns.go()
    }
    // While stopping, the last one in line says so: whatever was pipelined before it is answered too.
    const isLast = connection.last === exchange && !connection.turns.waits
    const close = reply?.status === 413 || !keeps(request) || (this.#stopping !== undefined && isLast)
    if (close) connection.closing = true
    return close
  }

  /** Stops accepting, answers what is complete, refuses what is not after a grace, resolves when every connection is closed. */
  stop(): Promise<void> {
    this.#stopping ??= new Promise((resolve) => {
      const { clock } = this.#options
      let cancelLook = () => {}
      let looks = 0
      const look = () => {
        looks++
        afterReading(() => this.#closeWhatWaits(looks > BUSY_GRACES_MAX))
        cancelLook = clock.after(STOP_GRACE_MS, look)
      }
      const cancelCut = clock.after(STOP_MS, () => this.#server.closeAllConnections())
      this.#startedBefore = this.#started
      for (const connection of this.#connections.values()) connection.startedBefore = connection.started
      cancelLook = clock.after(STOP_GRACE_MS, look)
      const onClosed = () => {
        cancelLook()
        cancelCut()
        this.#server.close()
        resolve()
      }
      // Not http's close: that cuts idle connections at once, and with them the requests that are on their way.
      afterReading(() => NetServer.prototype.close.call(this.#server, onClosed))
    })
    return this.#stopping
  }

  /** Until TLS stands there is no connection that anything could be asked on. */
  #shakeHands(socket: Socket): void {
    const peer = peerOf(socket)
    this.#handshakes.set(peer, socket)
    socket.once('close', () => this.#handshakes.delete(peer))
  }

  #connect(socket: Socket): void {
    this.#handshakes.delete(peerOf(socket))
    const turns = new Turns(
      socket,
      () => connection.last?.request,
      () => connection.unanswered < PIPELINED_MAX,
    )
    const connection: Connection = {
      started: 0,
      startedBefore: -1,
      unanswered: 0,
      last: undefined,
      closing: false,
      turns,
    }
    this.#connections.set(socket, connection)
    socket.on('close', () => {
      this.#connections.delete(socket)
      const { last } = connection
      if (last && !last.request.complete) this.leave(last)
    })
  }

  #enter(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean, refusal?: Reply): void {
    const connection = this.#connections.get(request.socket)
    // After `Connection: close` nothing more is taken from it, so that its sender knows what was not done.
    if (!connection || connection.closing) return
    const early = this.#judge(request) ?? refusal
    const exchange: Exchange = { request, response, connection, bytes: 0, counted: false, left: false }
    connection.started++
    this.#started++
    connection.unanswered++
    connection.last = exchange
    const begin = () => {
      if (expectsContinue) response.writeContinue()
      this.#read(exchange)
    }
    if (early === undefined) begin()
    else if ('then' in early) {
      this.#count(exchange)
      void early.then((reply) => {
        if (reply) return this.answer(exchange, reply)
        // Its sender may have gone away, or the end begun.
        if (exchange.left) return
        exchange.counted = false
        this.#inFlight--
        begin()
      })
    } else this.answer(exchange, early)
  }

  /** What is no HTTP, or takes too long, gets node's usual answer, and is counted. */
  #end(socket: Socket, error: NodeJS.ErrnoException): void {
    const { ingest } = this.#options
    const { last, closing } = this.#connections.get(socket) ?? {}
    const reply = replyToParser(error.code)
    // A connection on which nothing ever came asked for nothing, and one that closes has its answer.
    if (reply && !closing && socket.bytesRead > 0)
      ingest.refused(last && !last.request.complete ? last.request.url! : '', reply)
    if (reply && socket.writable && !last?.response.headersSent) socket.write(replyBytes(reply))
    socket.destroy(error)
  }

  /** Only what is complete counts: a body that drips in is no work of ours, and its sender may not keep others out by it. */
  #count(exchange: Exchange): void {
    exchange.counted = true
    this.#inFlight++
  }

  #roomFor(bodyBytes: number): number {
    const { heldBytesMax } = this.#options
    return bodyBytes <= SHORT_BYTES_MAX ? heldBytesMax : LONG_SHARE * heldBytesMax
  }

  #judge(request: IncomingMessage): ReturnType<ReceiverOptions['ingest']['admit']> {
    const { ingest, bodyBytesMax, inFlightMax } = this.#options
    if (request.rawHeaders.length > 2 * HEADERS_MAX) return TOO_MANY_HEADERS
    const statedBytes = Number(request.headers['content-length'] ?? 0)
    if (statedBytes > bodyBytesMax) return TOO_LARGE
    const hosts = hostsIn(request.rawHeaders)
    // HTTP/1.0 knows none.
    if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) return BAD_REQUEST
    const wrong = judgeHead(request)
    if (wrong) return wrong
    const early = ingest.admit(request.method!, request.url!, request)
    // A health check is answered however busy we are.
    if (early && !('then' in early)) return early
    if (this.#inFlight >= inFlightMax) return BUSY
    return this.#heldBytes + statedBytes > this.#roomFor(statedBytes) ? HELD_TOO_MUCH : early
  }

  /** Nothing moved on this connection for a while: it is left alone only while we are what it waits for. */
  #idle(socket: Socket): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.unanswered === 0 || socket.writableLength > 0) socket.destroy()
  }

  /**
   * Ends every connection that is idle, or whose request did not become complete since the last look. While requests still
   * come, whoever sends them has not noticed, and the next may be on its way on any idle connection: each is told to close
   * by its answer, and no new one is taken, so that this dies out by itself. `idleToo`: it took too long.
   */
  #closeWhatWaits(idleToo: boolean): void {
    const quiet = idleToo || this.#started === this.#startedBefore
    this.#startedBefore = this.#started
    if (quiet) this.#server.closeIdleConnections()
    for (const socket of this.#handshakes.values()) socket.destroy()
    for (const [socket, connection] of this.#connections) {
      const { last, started, startedBefore, closing } = connection
      connection.startedBefore = started
      if (started !== startedBefore || closing || socket.destroyed) continue
      if (last && !last.left) {
        if (!last.request.complete) this.answer(last, STOPPING)
        continue
      }
      // Idle, or half a head: it cannot be told which.
      if (!quiet) continue
      if (!last ? socket.bytesRead > 0 : last.request.complete && last.response.writableFinished) {
        // Half of a head came. There is no request yet that could be answered.
        connection.closing = true
        this.#options.ingest.refused('', STOPPING)
        socket.end(STOPPING_BYTES)
      } else if (!last?.request.complete) socket.destroy()
    }
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/**
 * Calls back once connections that were made and bytes that came until now have been taken: a busy process runs its timers
 * before it reads, and closing then would reset requests that were sent in good faith.
 */
function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then))
}
