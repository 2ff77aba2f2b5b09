import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { messageOf } from '../../core/contracts/errors.ts'
import { Heap } from '../../core/contracts/heap.ts'
import { isWarmUp } from '../plan/identity.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import { startPacer } from '../processes/pacer.ts'
import { preciseNow } from '../processes/precise-now.ts'
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
  const nowMs = preciseNow()
  const id = String(headers['x-webhook-id'])
  // Requests of the warm-up are not counted, whatever is planted.
  const { status, answerMs, effectsMs, altered } = (isWarmUp(id) ? plain : behaviour)(nowMs)
  const digest = createHash('sha256').update(body)
  if (altered) digest.update('!')
  const line = `${id} ${digest.digest('hex')}`
  for (const effectMs of effectsMs) at(effectMs, () => effects.push(`${line} ${Date.now()}`))
  at(answerMs, () => response.writeHead(status, { 'content-length': 0 }).end())
}

/** A timer of Node's fires up to 2 ms too early and 1 ms late: as much as a figure of 50 ms may be off. */
const upcoming = new Heap<{ readonly atMs: number; work(): void }>((a, b) => a.atMs < b.atMs)
const pacer = startPacer(workDue)

function at(atMs: number, work: () => void): void {
  if (atMs <= preciseNow()) return work()
  const first = upcoming.peek()
  upcoming.push({ atMs, work })
  if (!first || atMs < first.atMs) pacer.wakeAt(atMs)
}

function workDue(): void {
  for (let next = upcoming.peek(); next; next = upcoming.peek()) {
    if (next.atMs > preciseNow()) return pacer.wakeAt(next.atMs)
    upcoming.pop()!.work()
  }
}

function tell({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const run = new URL(url, 'http://here').searchParams.get('run') ?? ''
  response.end(effects.filter((line) => line.startsWith(run)).join('\n'))
}

const say = (message: FromKnown) => process.send?.(message)
server.on('error', (error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }))
server.listen(0, '127.0.0.1', () => say({ kind: 'ready', port: (server.address() as { port: number }).port }))
