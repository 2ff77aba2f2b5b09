import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { Redis } from 'ioredis'

/**
 * A receiver as people write it, for `--target`: it verifies GitHub's signature, adds the event to a Redis stream, answers, and
 * processes the stream. GET /effects tells what took effect, as docs/target.md says.
 *   GITHUB_SECRET=… REDIS_URL=redis://127.0.0.1:6379 PORT=8080 node test/runner/target/redis-receiver.ts
 */
const { GITHUB_SECRET = '', REDIS_URL = 'redis://127.0.0.1:6379', PORT = '8080', PREFIX = 'own' } = process.env
const redis = new Redis(REDIS_URL)
const worker = new Redis(REDIS_URL)

const server = createServer((request, response) => {
  const end = (status: number, text = '') => response.writeHead(status).end(text)
  if (request.method === 'GET') {
    redis.lrange(`${PREFIX}:effects`, 0, -1).then(
      (lines) => end(200, lines.join('\n')),
      () => end(503),
    )
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const signed = `sha256=${createHmac('sha256', GITHUB_SECRET).update(body).digest('hex')}`
    const given = String(request.headers['x-hub-signature-256'])
    if (given.length !== signed.length || !timingSafeEqual(Buffer.from(given), Buffer.from(signed))) return end(401)
    redis.xadd(`${PREFIX}:events`, '*', 'id', String(request.headers['x-github-delivery']), 'body', body).then(
      () => end(200),
      () => end(503),
    )
  })
})

async function work(): Promise<void> {
  for (let last = '0'; ; ) {
    const [stream] = (await worker.xread('COUNT', 100, 'BLOCK', 1_000, 'STREAMS', `${PREFIX}:events`, last)) ?? []
    for (const [at, [, id, , body]] of stream?.[1] ?? []) {
      last = at
      // SET NX makes the effect happen once for each id.
      if ((await worker.set(`${PREFIX}:done:${id}`, 1, 'EX', 86_400, 'NX')) === null) continue
      const digest = createHash('sha256').update(body!).digest('hex')
      await worker.rpush(`${PREFIX}:effects`, `${id} ${digest} ${Date.now()}`)
    }
  }
}

server.listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as { port: number }).port}\n`)
})
await work()
