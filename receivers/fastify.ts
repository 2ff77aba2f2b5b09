import createFastify, { type FastifyReply } from 'fastify'
import { headerReader } from '../src/core/headers.ts'
import { listen, serverOptions, stopServer } from '../src/core/http.ts'
import type { Receiver, Reply } from '../src/core/receiver.ts'

/** Fastify 5 with its own body parsers off: the raw bytes reach the ingest. */
const fastify: Receiver = async (options) => {
  const { ingest, bodyBytesMax, inFlightMax, requestMs, keepAliveMs, clock } = options
  let stopping: Promise<void> | undefined
  let inFlight = 0
  const answer = (reply: FastifyReply, { status, reason, body, retryAfterS }: Reply) => {
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
    if (status === 405) reply.header('allow', 'POST')
    if (stopping) reply.header('connection', 'close')
    return reply
      .code(status)
      .type('text/plain')
      .send(body ?? reason)
  }
  const app = createFastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    http: serverOptions(options),
    logger: false,
    frameworkErrors: (_error, _request, reply) => {
      answer(reply as unknown as FastifyReply, { status: 400, reason: 'bad request' })
    },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    try {
      headerReader(request.raw.rawHeaders)('host')
    } catch {
      return answer(reply, { status: 400, reason: 'bad request' })
    }
    if (inFlight >= inFlightMax) {
      reply.header('connection', 'close')
      return answer(reply, { status: 503, reason: 'too many requests in progress', retryAfterS: 1 })
    }
    const early = await ingest.admit(request.method, request.url)
    if (early) return answer(reply, early)
    inFlight++
    reply.raw.on('close', () => {
      inFlight--
    })
  })
  app.setErrorHandler((error: { statusCode?: number; code?: string }, _request, reply) => {
    if (error.statusCode === 413) reply.header('connection', 'close')
    return answer(
      reply,
      error.statusCode === 413 ? { status: 413, reason: 'too large' } : { status: 400, reason: 'bad request' },
    )
  })
  app.all('/*', async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const header = headerReader(request.raw.rawHeaders)
    return answer(reply, await ingest.handle({ url: request.url, header, raw, receivedAtMs: clock.now() }))
  })
  // Node would ask for the body before anyone has looked at its length.
  app.server.on('checkContinue', (request, response) => {
    if (Number(request.headers['content-length'] ?? 0) <= bodyBytesMax) response.writeContinue()
    app.routing(request, response)
  })
  app.server.maxConnections = options.connectionsMax
  await app.ready()
  const port = await listen(app.server, options)
  return {
    port,
    stop() {
      stopping ??= stopServer(app.server, options)
      return stopping
    },
  }
}
export default fastify
