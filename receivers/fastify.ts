import type { IncomingMessage } from 'node:http'
import createFastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Receiver } from '../src/core/contracts/receiver.ts'
import type { Reply } from '../src/core/contracts/reply.ts'
import { type Exchange, Gate } from '../src/core/receiving/gate.ts'
import { listen, readBody, serverFor } from '../src/core/receiving/http.ts'
import { BAD_REQUEST, HELD_TOO_MUCH, TOO_LARGE } from '../src/core/receiving/replies.ts'

/** Where a request carries its exchange through Fastify: a WeakMap would cost more than all else here. */
const EXCHANGE = Symbol('exchange')
type Marked = IncomingMessage & { [EXCHANGE]?: Exchange }
const exchangeOf = (request: FastifyRequest) => (request.raw as Marked)[EXCHANGE]!

/** Fastify 5 behind the common gate, its own body parsers off: the raw bytes reach the ingest. */
const fastify: Receiver = async (options) => {
  const { bodyBytesMax } = options
  const server = serverFor(options)
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
    // The gate answers what is no HTTP, as with the other receivers.
    clientErrorHandler: () => {},
    frameworkErrors: (_error, _request, reply) => {
      answer(reply as unknown as FastifyReply, BAD_REQUEST)
    },
  })

  function answer(reply: FastifyReply, outcome: Reply) {
    const exchange = exchangeOf(reply.request)
    if (!exchange.request.complete || reply.raw.destroyed || reply.raw.headersSent) {
      // The gate's to answer: Fastify would close while the body is still on its way.
      reply.hijack()
      gate.answer(exchange, outcome)
      return reply
    }
    const close = gate.leave(exchange, outcome)
    const { status, reason, retryAfterS, headers, contentType = 'text/plain', body } = gate.asSent(exchange, outcome)
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
    if (headers) reply.headers(headers)
    if (close) reply.header('connection', 'close')
    return reply
      .code(status)
      .type(contentType)
      .send(body ?? reason)
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, _payload, done) => {
    readBody(gate, exchangeOf(request), bodyBytesMax, (raw) => {
      if ('status' in raw) done(new FloodmarkError(raw === HELD_TOO_MUCH ? 'overloaded' : 'too-large', raw.reason))
      else done(null, raw)
    })
  })
  app.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) => {
    if (error.code === 'overloaded') return answer(reply, HELD_TOO_MUCH)
    return answer(reply, error.code === 'too-large' || error.statusCode === 413 ? TOO_LARGE : BAD_REQUEST)
  })
  app.post('/*', async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    return answer(reply, await gate.handle(exchangeOf(request), raw))
  })
  await app.ready()
  const port = await listen(server, options)
  return { port, stop: () => gate.stop() }
}
export default fastify
