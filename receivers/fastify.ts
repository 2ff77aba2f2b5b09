import { createServer, type IncomingMessage } from 'node:http'
import createFastify, { type FastifyReply } from 'fastify'
import { FloodmarkError } from '../src/core/errors.ts'
import { BAD_REQUEST, type Exchange, Gate, TOO_LARGE } from '../src/core/gate.ts'
import { headerReader } from '../src/core/headers.ts'
import { listen, readBody, serverOptions } from '../src/core/http.ts'
import type { Receiver, Reply } from '../src/core/receiver.ts'

/** Where a request carries its exchange through Fastify: a WeakMap would cost more than all else here. */
const EXCHANGE = Symbol('exchange')
type Marked = IncomingMessage & { [EXCHANGE]?: Exchange }

/** Fastify 5 behind the common gate, its own body parsers off: the raw bytes reach the ingest. */
const fastify: Receiver = async (options) => {
  const { ingest, bodyBytesMax, clock } = options
  const server = createServer(serverOptions(options))
  let gate!: Gate
  const app = createFastify({
    bodyLimit: bodyBytesMax,
    logger: false,
    serverFactory: (handle) => {
      gate = new Gate(server, options, (exchange) => {
        const { response } = exchange
        const request: Marked = exchange.request
        request[EXCHANGE] = exchange
        // Fastify refuses types that it cannot parse; ours to judge are the bytes. The ingest reads the raw headers.
        request.headers['content-type'] = 'application/octet-stream'
        handle(request, response)
      })
      return server
    },
    frameworkErrors: (_error, _request, reply) => {
      answer(reply as unknown as FastifyReply, BAD_REQUEST)
    },
  })
  // Node's own answers to what is no HTTP, as with the other receivers.
  server.removeAllListeners('clientError')

  function answer(reply: FastifyReply, outcome: Reply) {
    const close = gate.leave((reply.request.raw as Marked)[EXCHANGE]!, outcome)
    if (reply.raw.destroyed || reply.raw.headersSent) return reply.hijack()
    if (outcome.retryAfterS !== undefined) reply.header('retry-after', outcome.retryAfterS)
    if (close) reply.header('connection', 'close')
    return reply
      .code(outcome.status)
      .type('text/plain')
      .send(outcome.body ?? outcome.reason)
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    readBody(payload as IncomingMessage, bodyBytesMax, (raw) => {
      if (raw) done(null, raw)
      else done(new FloodmarkError('too-large', 'the body is above the limit'))
    })
  })
  app.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) =>
    answer(reply, error.code === 'too-large' || error.statusCode === 413 ? TOO_LARGE : BAD_REQUEST),
  )
  app.post('/*', async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const header = headerReader(request.raw.rawHeaders)
    return answer(reply, await ingest.handle({ url: request.url, header, raw, receivedAtMs: clock.now() }))
  })
  await app.ready()
  const port = await listen(server, options)
  return { port, stop: () => gate.stop() }
}
export default fastify
