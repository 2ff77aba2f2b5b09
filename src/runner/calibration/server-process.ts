import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { messageOf } from '../../core/contracts/errors.ts'
import { isWarmUp } from '../plan/identity.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import { behaviourOf, type KnownServer } from './behaviours.ts'
import type { FromKnown } from './known-server.ts'

/** A server of known behaviour, in a process of its own. GET tells its effects, as docs/target.md has them. */

obeyRunner()
const behaviour = behaviourOf(JSON.parse(process.argv[2]!) as KnownServer)
const plain = behaviourOf({ kind: 'fixed', ms: 0 })
const effects: string[] = []

const server = createServer((request, response) => {
  if (request.method === 'GET') return tell(request, response)
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => take(request, Buffer.concat(chunks), response))
})

function take({ headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const nowMs = performance.now()
  const id = String(headers['x-webhook-id'])
  // Requests of the warm-up are not counted, whatever is planted.
  const { status, answerMs, effectsMs, altered } = (isWarmUp(id) ? plain : behaviour)(nowMs)
  const digest = createHash('sha256').update(body)
  if (altered) digest.update('!')
  const line = `${id} ${digest.digest('hex')}`
  for (const effectMs of effectsMs) after(effectMs - nowMs, () => effects.push(`${line} ${Date.now()}`))
  after(answerMs - nowMs, () => response.writeHead(status, { 'content-length': 0 }).end())
}

function after(ms: number, work: () => void): void {
  if (ms <= 0) work()
  // Timers fire up to 1 ms late: this way they are so as often too early.
  else setTimeout(work, Math.max(0, ms - 0.5))
}

function tell({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const run = new URL(url, 'http://here').searchParams.get('run') ?? ''
  response.end(effects.filter((line) => line.startsWith(run)).join('\n'))
}

const say = (message: FromKnown) => process.send?.(message)
server.on('error', (error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }))
server.listen(0, '127.0.0.1', () => say({ kind: 'ready', port: (server.address() as { port: number }).port }))
