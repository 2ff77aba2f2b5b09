import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { ReceiverOptions, RunningReceiver, TlsMaterial, Verify } from '../contracts/receiver.ts'
import type { Reply } from '../contracts/reply.ts'
import { type Exchange, Gate } from './gate.ts'
import { HELD_TOO_MUCH, TOO_LARGE } from './replies.ts'

/** How often time limits of requests are looked at: node's own default of 30 s would make a limit of 10 s fire at 40 s. */
const CHECK_MS = 250
/** A body in more pieces than this is refused as too large: each costs far more to take than a byte does. */
const BODY_PIECES_MAX = 8_192

/** node:http's options for a receiver's limits. */
function serverOptions({ requestMs, keepAliveMs }: ReceiverOptions) {
  return {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestMs),
    noDelay: true,
    // The gate looks, so that it is counted.
    requireHostHeader: false,
  }
}

/** A server of node's for a receiver: HTTP, or HTTPS where there is TLS, whose material may change while it runs. */
export function serverFor(options: ReceiverOptions): Server {
  const { tls, requestMs } = options
  if (!tls) return createServer(serverOptions(options))
  const server = createTlsServer({ ...serverOptions(options), ...secured(tls.material), handshakeTimeout: requestMs })
  tls.onChange((material) => server.setSecureContext(secured(material)))
  return server
}

function secured({ cert, key, ca }: TlsMaterial) {
  return { cert, key, minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca, requestCert: true }) }
}

/** node:http with nothing between it and the ingest. @throws FloodmarkError 'unavailable' as `listen` does. */
export async function serve(options: ReceiverOptions, verify?: Verify): Promise<RunningReceiver> {
  const server = serverFor(options)
  const gate = new Gate(server, options, (exchange) => {
    readBody(gate, exchange, options.bodyBytesMax, (raw) => {
      if ('status' in raw) return gate.answer(exchange, raw)
      gate.handle(exchange, raw, verify).then((reply) => gate.answer(exchange, reply))
    })
  })
  const port = await listen(server, options)
  return { port, stop: () => gate.stop() }
}

const EMPTY = Buffer.alloc(0)

/** Connections that may wait to be accepted. */
const BACKLOG = 1_024

/** Preallocate at most this much from Content-Length. Beyond it the buffer grows with the bytes received, so a false length costs nothing. */
const STATED_BYTES_MAX = 16 * 1024

/**
 * Calls back once: with the whole body, or with a refusal as soon as it is longer or in more pieces than allowed, or more than
 * the gate can hold. Not at all when the sender goes away.
 */
export function readBody(gate: Gate, exchange: Exchange, bytesMax: number, done: (raw: Buffer | Reply) => void): void {
  const { request } = exchange
  const stated = Number(request.headers['content-length'] ?? 0)
  // The first piece itself, or a buffer that grows as it fills: a list of tiny pieces would hold a hundred times their bytes.
  let body: Buffer = EMPTY
  let bytes = 0
  let pieces = 0
  const onData = (piece: Buffer) => {
    const end = bytes + piece.length
    const isTooLarge = end > bytesMax || ++pieces > BODY_PIECES_MAX
    const size = pieces === 1 ? end : sizeFor(body.length, end, stated)
    if (isTooLarge || !gate.hold(exchange, size - body.length)) {
      request.off('data', onData).off('end', onEnd).resume()
      body = EMPTY
      return done(isTooLarge ? TOO_LARGE : HELD_TOO_MUCH)
    }
    if (pieces === 1) body = piece
    else {
      if (size > body.length) {
        const grown = Buffer.allocUnsafe(size)
        body.copy(grown, 0, 0, bytes)
        body = grown
      }
      piece.copy(body, bytes)
    }
    bytes = end
  }
  const onEnd = () => done(bytes === body.length ? body : body.subarray(0, bytes))
  request.on('data', onData)
  request.on('end', onEnd)
}

/** What the buffer of a body is to have for `end` bytes. The stated length is no more than the sender's word at first. */
function sizeFor(size: number, end: number, stated: number): number {
  if (end <= size) return size
  const wanted = Math.max(2 * size, STATED_BYTES_MAX)
  return Math.max(end, stated > 0 ? Math.min(stated, wanted) : 2 * size)
}

/** @throws FloodmarkError 'unavailable' when the port is taken or may not be opened. */
export function listen(
  server: Server,
  { host, port, handle }: Pick<ReceiverOptions, 'host' | 'port' | 'handle'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const what = `cannot listen on ${host}:${port}: ${messageOf(cause)}. Free it, or choose another port`
      reject(new FloodmarkError('unavailable', what, { cause }))
    })
    const listening = () => resolve((server.address() as { port: number }).port)
    if (handle) server.listen(handle, BACKLOG, listening)
    else server.listen(port, host, BACKLOG, listening)
  })
}
