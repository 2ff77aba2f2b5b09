import { connect, type OnReadOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Cause } from '../../plan/outcome.ts'
import type { Limited } from './limits.ts'
import { type ParsedResponse, parseResponse } from './response.ts'

export interface Destination {
  readonly host: string
  readonly port: number
  /** As the Host header has it. Default: host and port. */
  readonly name?: string
  /** Present: over TLS. The name is what its certificate must be for, where the host is an IP address. */
  readonly tls?: { readonly servername?: string }
}

/** How one exchange ended. `sent` false: certainly no byte of the request reached the server. */
export type ExchangeEnd =
  | ({ readonly status: number; readonly reusable: boolean } & Pick<ParsedResponse, 'retryAfterS' | 'extra'>)
  | { readonly cause: Exclude<Cause, 'none'>; readonly sent: boolean }

/** One set for all of a sender's connections: a closure per request would cost more than the bookkeeping it saves. */
export interface ConnectionEvents<Work> {
  /** Once per send(). */
  onEnd(connection: SenderConnection<Work>, exchange: ExchangeEnd): void
  /** Once, when the connection can no longer be used, after the running exchange has ended. */
  onClosed(connection: SenderConnection<Work>): void
}

/** Why there is no connection. */
type Unable = 'connect' | 'no-descriptor' | 'no-port'
/** Errors of a connect that say nothing about the server. */
const OWN_LIMITS: Readonly<Record<string, Unable>> = {
  EMFILE: 'no-descriptor',
  ENFILE: 'no-descriptor',
  EADDRNOTAVAIL: 'no-port',
}

/** All connections read into this buffer. Bytes are looked at before the next read, and copied where they are kept. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)
/** Responses up to this long are remembered; ordinary ones have 150 bytes or so. */
const KNOWN_BYTES_MAX = 1_024

function open({ host, port, tls }: Destination, onread: OnReadOpts): Socket {
  if (!tls) return connect({ host, port, noDelay: true, keepAlive: true, onread })
  const socket = connectTls({ host, port, ...tls, ALPNProtocols: ['http/1.1'], onread } as ConnectionOptions)
  return socket.setNoDelay(true).setKeepAlive(true)
}

/** One kept-alive connection: one request at a time, never pipelined. `work` is its owner's, to say what the exchange is for. */
export class SenderConnection<Work> implements Limited {
  readonly work: Work
  readonly destination: Destination
  dueMs = 0
  before: Limited | undefined
  after: Limited | undefined
  readonly #socket: Socket
  readonly #events: ConnectionEvents<Work>
  #connected = false
  #busy = false
  #request: Buffer | undefined
  #held: Buffer | undefined
  /** Servers say the same again and again: equal bytes mean what they meant the last time. */
  #known: Buffer | undefined
  #knownExchange: ExchangeEnd | undefined

  constructor(destination: Destination, work: Work, events: ConnectionEvents<Work>) {
    this.work = work
    this.destination = destination
    this.#events = events
    const callback = (length: number, data: Uint8Array) => {
      this.#onData(data.subarray(0, length) as Buffer)
      return true
    }
    this.#socket = open(destination, { buffer: READ_BUFFER, callback })
    this.#socket.on(destination.tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true
      if (this.#request) this.#socket.write(this.#request)
    })
    this.#socket.on('end', () => this.#onEnded())
    let unable: Unable = 'connect'
    this.#socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      unable = OWN_LIMITS[code] ?? unable
    })
    this.#socket.on('close', () => {
      this.#end(this.#connected ? { cause: 'reset', sent: true } : { cause: unable, sent: false })
      this.#events.onClosed(this)
    })
  }

  /** False once either side has begun to close it. */
  get usable(): boolean {
    return this.#socket.writable
  }

  /** Sends one request. Only when no exchange is running; the bytes are its own until the exchange has ended. */
  send(request: Buffer): void {
    this.#busy = true
    if (this.#connected) this.#socket.write(request)
    else this.#request = request
  }

  /** Gives up on the running exchange and the connection: the sender's time limit has passed. */
  timeout(): void {
    this.#end({ cause: 'timeout', sent: this.#connected })
    this.#socket.destroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(data: Buffer): void {
    // Nothing was asked: these bytes belong to no request.
    if (!this.#busy) return this.close()
    if (!this.#held && this.#known?.equals(data)) return this.#end(this.#knownExchange!)
    const bytes = this.#held ? Buffer.concat([this.#held, data]) : data
    try {
      this.#onResponse(bytes)
    } catch {
      this.#end({ cause: 'protocol', sent: true })
      this.close()
    }
  }

  /** A response without a stated length ends here. */
  #onEnded(): void {
    if (!this.#busy || !this.#held) return
    try {
      this.#onResponse(this.#held, true)
    } catch {
      this.#end({ cause: 'protocol', sent: true })
    }
  }

  #onResponse(bytes: Buffer, ended = false): void {
    const response = parseResponse(bytes, ended)
    if (!response) {
      this.#held = Buffer.from(bytes)
      return
    }
    this.#held = undefined
    // Bytes behind the response belong to no request of ours: the connection cannot be trusted any further.
    const reusable = !response.close && response.bytes === bytes.length
    const { status, retryAfterS, extra } = response
    const exchange = { status, reusable, retryAfterS, extra }
    if (reusable && bytes.length <= KNOWN_BYTES_MAX) {
      this.#known = Buffer.from(bytes)
      this.#knownExchange = exchange
    }
    if (!reusable) this.close()
    this.#end(exchange)
  }

  #end(exchange: ExchangeEnd): void {
    if (!this.#busy) return
    this.#busy = false
    this.#request = undefined
    this.#events.onEnd(this, exchange)
  }
}
