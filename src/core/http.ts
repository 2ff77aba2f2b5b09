import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { FloodmarkError, messageOf } from './errors.ts'
import { headerReader } from './headers.ts'
import type { ReceiverOptions, Reply, Verify } from './receiver.ts'

/** How often time limits of requests are looked at: node's own default of 30 s would make a limit of 10 s fire at 40 s. */
const CHECK_MS = 250
/** Connections still open this long after stop() are cut. */
const STOP_MS = 10_000

/** node:http's options for a receiver's limits. */
export function serverOptions({ requestMs, keepAliveMs }: ReceiverOptions) {
  return {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestMs),
    noDelay: true,
    requireHostHeader: true,
  }
}

/** What a request beyond inFlightMax gets. */
const BUSY: Reply = { status: 503, reason: 'too many requests in progress', retryAfterS: 1 }
const TOO_LARGE: Reply = { status: 413, reason: 'too large' }
const BAD_REQUEST: Reply = { status: 400, reason: 'bad request' }

/** node:http's request handler for an ingest: limits before the body is read, then one call. */
export function requestHandler(options: ReceiverOptions, isStopping: () => boolean, verify?: Verify) {
  const { ingest, bodyBytesMax, inFlightMax, clock } = options
  let inFlight = 0

  function finish(request: IncomingMessage, response: ServerResponse, reply: Reply, readWhole: boolean): void {
    if (response.destroyed || response.headersSent) return
    // A body that nobody reads would be taken for the next request: close instead.
    send(response, reply, isStopping() || !readWhole)
    if (!readWhole) request.resume()
  }

  return (request: IncomingMessage, response: ServerResponse, expectsContinue = false): void => {
    const refusal = limits(request, options) ?? (inFlight >= inFlightMax ? BUSY : undefined)
    const early = refusal ?? ingest.admit(request.method!, request.url!)
    if (early) {
      const bodiless =
        request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined
      void Promise.resolve(early).then((reply) => finish(request, response, reply, bodiless))
      return
    }
    inFlight++
    response.on('close', () => {
      inFlight--
    })
    if (expectsContinue) response.writeContinue()
    readBody(request, bodyBytesMax, (raw) => {
      if (!raw) return finish(request, response, TOO_LARGE, false)
      const header = headerReader(request.rawHeaders)
      const incoming = { url: request.url!, header, raw, receivedAtMs: clock.now() }
      ingest.handle(incoming, verify).then((reply) => finish(request, response, reply, true))
    })
  }
}

function limits(request: IncomingMessage, { bodyBytesMax }: ReceiverOptions): Reply | undefined {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return TOO_LARGE
  try {
    headerReader(request.rawHeaders)('host')
  } catch {
    return BAD_REQUEST
  }
  return undefined
}

/** Calls back once: with the whole body, or with undefined as soon as it is longer than allowed. Not at all when the sender goes away. */
function readBody(request: IncomingMessage, bytesMax: number, done: (raw: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bytesMax) chunks.push(chunk)
    else if (bytes - chunk.length <= bytesMax) done(undefined)
  })
  request.on('end', () => {
    if (bytes <= bytesMax) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
  request.on('error', () => {})
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

/** @throws FloodmarkError 'unavailable' when the port is taken or may not be opened. */
export function listen(server: Server, { host, port }: Pick<ReceiverOptions, 'host' | 'port'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const what = `cannot listen on ${host}:${port}: ${messageOf(cause)}. Free it, or choose another port`
      reject(new FloodmarkError('unavailable', what, { cause }))
    })
    server.listen(port, host, 1_024, () => resolve((server.address() as { port: number }).port))
  })
}

/** Stops accepting, lets what is in progress be answered, closes idle connections; cuts what is left after STOP_MS. */
export function stopServer(server: Server, options: ReceiverOptions): Promise<void> {
  return new Promise((resolve) => {
    const cancel = options.clock.after(STOP_MS, () => server.closeAllConnections())
    server.close(() => {
      cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}
