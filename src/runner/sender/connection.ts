import { connect, type Socket } from 'node:net'
import type { Cause } from '../journal.ts'
import { parseResponse } from './response.ts'

/** What one exchange came to. `sent` false: certainly no byte of the request reached the server. */
export type Exchange =
  | { readonly status: number; readonly reusable: boolean }
  | { readonly cause: Exclude<Cause, 'none'>; readonly sent: boolean }

const READ_BYTES = 16 * 1024

/** One kept-alive connection: one request at a time, never pipelined. */
export class Connection {
  readonly #socket: Socket
  #connected = false
  #onEnd: ((exchange: Exchange) => void) | undefined
  #request: Buffer | undefined
  #held: Buffer | undefined
  readonly #onClosed: (connection: Connection) => void

  /** `onClosed` is called once, when the connection can no longer be used, after the running exchange has ended. */
  constructor(target: { readonly host: string; readonly port: number }, onClosed: (connection: Connection) => void) {
    this.#onClosed = onClosed
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    const callback = (length: number, data: Uint8Array) => {
      this.#onData(data.subarray(0, length) as Buffer)
      return true
    }
    this.#socket = connect({ ...target, noDelay: true, keepAlive: true, onread: { buffer, callback } })
    this.#socket.on('connect', () => {
      this.#connected = true
      if (this.#request) this.#socket.write(this.#request)
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#end(this.#connected ? { cause: 'reset', sent: true } : { cause: 'connect', sent: false })
      this.#onClosed(this)
    })
  }

  /** Sends one request; `onEnd` is called once. Only when no exchange is running. */
  send(request: Buffer, onEnd: (exchange: Exchange) => void): void {
    this.#onEnd = onEnd
    this.#request = request
    if (this.#connected) this.#socket.write(request)
  }

  /** Gives up on the running exchange and the connection: the sender's time limit has passed. */
  timeout(): void {
    this.#end(this.#connected ? { cause: 'timeout', sent: true } : { cause: 'timeout', sent: false })
    this.#socket.destroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(data: Buffer): void {
    const bytes = this.#held ? Buffer.concat([this.#held, data]) : data
    if (!this.#onEnd) return this.close()
    try {
      const response = parseResponse(bytes)
      if (!response) {
        this.#held = this.#held ? bytes : Buffer.from(data)
        return
      }
      this.#held = undefined
      // Bytes behind the response belong to no request of ours: the connection cannot be trusted any further.
      const reusable = !response.close && response.bytes === bytes.length
      this.#end({ status: response.status, reusable })
      if (!reusable) this.close()
    } catch {
      this.#end({ cause: 'protocol', sent: true })
      this.close()
    }
  }

  #end(exchange: Exchange): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    this.#request = undefined
    onEnd?.(exchange)
  }
}
