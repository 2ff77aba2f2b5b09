import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { ReceiverOptions, Reply } from './receiver.ts'

/** A request with more header lines than this gets 431; node alone would drop those beyond its own limit in silence. */
export const HEADERS_MAX = 100
/** An unread body up to this long is drained, and its connection kept: dearer ones are cut. */
const DRAIN_BYTES_MAX = 64 * 1024
/** A request that is not complete this long after stop() gets 503; an idle connection is closed. */
export const STOP_GRACE_MS = 500
/** Idle connections stay open for so many graces at most, while requests still come on others. */
const BUSY_GRACES_MAX = 10
/** Connections still open this long after stop() are cut. */
const STOP_MS = 10_000

export const TOO_LARGE: Reply = { status: 413, reason: 'too large' }
export const BAD_REQUEST: Reply = { status: 400, reason: 'bad request' }
const TOO_MANY_HEADERS: Reply = { status: 431, reason: 'too many headers' }
const BUSY: Reply = { status: 503, reason: 'too many requests in progress', retryAfterS: 1 }
const STOPPING: Reply = { status: 503, reason: 'stopping', retryAfterS: 1 }
const STOPPING_BYTES =
  'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n'

interface Connection {
  /** Requests that came on it so far; `startedBefore` is the same at the last look while stopping. */
  started: number
  startedBefore: number
  unanswered: number
  last: Exchange | undefined
  /** It was told `Connection: close`. */
  closing: boolean
}

/** One request that was let in, until its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  left: boolean
}

/** Stands before a receiver's own code: every limit that can be judged before the body, in-flight bounds, and the way out. */
export class Gate {
  readonly #server: Server
  readonly #options: ReceiverOptions
  readonly #read: (exchange: Exchange) => void
  readonly #connections = new Map<Socket, Connection>()
  #inFlight = 0
  /** Requests so far, and at the last look while stopping. */
  #started = 0
  #startedBefore = 0
  #stopping: Promise<void> | undefined

  /** `read` gets each request that may be read; it must end in `answer` or `leave`, unless the sender goes away before the body's end. */
  constructor(server: Server, options: ReceiverOptions, read: (exchange: Exchange) => void) {
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
    server.on('connection', (socket) => this.#connect(socket))
    server.on('timeout', (socket) => this.#idle(socket))
    server.on('request', (request, response) => this.#enter(request, response, false))
    // Node would ask for the body before anyone has looked at its length.
    server.on('checkContinue', (request, response) => this.#enter(request, response, true))
  }

  /** Sends a reply and counts the request out. Nothing happens when the sender is gone. */
  answer(exchange: Exchange, reply: Reply): void {
    const { response } = exchange
    const close = this.leave(exchange, reply)
    if (!response.destroyed && !response.headersSent) send(response, reply, close)
  }

  /** Counts a request out that is about to get this reply. True when its connection must close afterwards. */
  leave(exchange: Exchange, reply: Reply): boolean {
    const { request, connection } = exchange
    if (!exchange.left) {
      exchange.left = true
      this.#inFlight--
      connection.unanswered--
    }
    // While stopping, the last one in line says so: whatever was pipelined before it is answered too.
    const close =
      reply.status === 413 || !keeps(request) || (this.#stopping !== undefined && connection.last === exchange)
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

  #connect(socket: Socket): void {
    const connection: Connection = { started: 0, startedBefore: -1, unanswered: 0, last: undefined, closing: false }
    this.#connections.set(socket, connection)
    socket.on('close', () => {
      this.#connections.delete(socket)
      const { last } = connection
      if (last && !last.request.complete) this.leave(last, STOPPING)
    })
  }

  #enter(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(request.socket)
    // After `Connection: close` nothing more is taken from it, so that its sender knows what was not done.
    if (!connection || connection.closing) return
    const early = this.#judge(request)
    const exchange: Exchange = { request, response, connection, left: false }
    connection.started++
    this.#started++
    connection.unanswered++
    connection.last = exchange
    this.#inFlight++
    if (early === undefined) {
      if (expectsContinue) response.writeContinue()
      this.#read(exchange)
    } else if ('then' in early) void early.then((reply) => this.answer(exchange, reply))
    else this.answer(exchange, early)
  }

  #judge(request: IncomingMessage): Reply | Promise<Reply> | undefined {
    const { ingest, bodyBytesMax, inFlightMax } = this.#options
    if (request.rawHeaders.length > 2 * HEADERS_MAX) return TOO_MANY_HEADERS
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return TOO_LARGE
    if (hasTwoHosts(request.rawHeaders)) return BAD_REQUEST
    const early = ingest.admit(request.method!, request.url!)
    // Who asks whether we are alive gets an answer however busy we are.
    if (early && !('then' in early)) return early
    return this.#inFlight >= inFlightMax ? BUSY : early
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
        // The half of a head came: there is no request yet that could be answered.
        socket.end(STOPPING_BYTES)
      } else if (!last?.request.complete) socket.destroy()
    }
  }
}

/**
 * Calls back once connections that were made and bytes that came until now have been taken: a busy process runs its timers
 * before it reads, and closing then would reset requests that were sent in good faith.
 */
function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then))
}

/** Two values for one Host: a proxy and we might believe different ones. Node takes the first. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

/** Whether the connection can go on: its body was read, or is short enough to be drained. */
function keeps({ complete, headers }: IncomingMessage): boolean {
  if (complete) return true
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= DRAIN_BYTES_MAX
}

function send(response: ServerResponse, reply: Reply, close: boolean): void {
  const text = reply.status === 204 ? '' : (reply.body ?? reply.reason)
  const head = ['Content-Type', 'text/plain', 'Content-Length', String(Buffer.byteLength(text))]
  if (reply.retryAfterS !== undefined) head.push('Retry-After', String(reply.retryAfterS))
  if (reply.status === 405) head.push('Allow', 'POST')
  if (close) head.push('Connection', 'close')
  response.writeHead(reply.status, head)
  response.end(text)
}
