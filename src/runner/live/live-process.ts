import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf } from '../../core/contracts/errors.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import { liveHtml } from '../render/live.ts'
import type { FromLive, LiveSample, ToLive } from './live-messages.ts'

/** Serves the live page, and tells everybody who looks by server-sent events. Only this machine can look. */

const NOTES_MAX = 200
const SAMPLES_MAX = 20_000
const KEEP_ALIVE_MS = 15_000

obeyRunner()
const say = (message: FromLive) => process.send?.(message)
const watching = new Set<ServerResponse>()
/** All that somebody must be told who begins to look. */
let begun: ToLive | undefined
let phase: ToLive | undefined
let found: ToLive | undefined
let samples: LiveSample[] = []
const notes: string[] = []
let done: (ToLive & { kind: 'done' }) | undefined
/** So many who looked have not got the report yet. */
let waiting = 0

const server = createServer((request, response) => {
  // A page of another origin that a browser was led to has another host here.
  const isOurs = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')
  const found = isOurs && request.method === 'GET' && ROUTES[request.url ?? '']
  if (found) return found(request, response)
  response.writeHead(404).end()
})
server.on('error', (error) =>
  say({ kind: 'failed', code: 'unavailable', message: `the live page: ${messageOf(error)}` }),
)
server.listen(0, '127.0.0.1', () => say({ kind: 'listening', port: (server.address() as AddressInfo).port }))
setInterval(() => tell(': still here\n\n'), KEEP_ALIVE_MS).unref()

const ROUTES: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
  '/': (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(liveHtml()),
  '/events': watch,
  '/report': handOver,
}

function watch(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  watching.add(response)
  response.once('close', () => watching.delete(response))
  if (begun) response.write(eventOf('begin', { ...begun, samples, notes }))
  if (phase) response.write(eventOf('phase', phase))
  if (found) response.write(eventOf('found', found))
  if (done) response.write(eventOf('done', {}))
}

process.on('message', (message: ToLive) => {
  if (message.kind === 'begin') {
    begun = message
    samples = []
    return tell(eventOf('begin', { ...begun, samples, notes }))
  }
  if (message.kind === 'phase') phase = message
  if (message.kind === 'found') found = message
  if (message.kind === 'sample') keep(message.sample)
  if (message.kind === 'note') notes.push(message.text)
  if (notes.length > NOTES_MAX) notes.shift()
  if (message.kind !== 'done') return tell(eventOf(message.kind, message))
  done = message
  waiting = watching.size
  if (waiting === 0) say({ kind: 'handed-over' })
  tell(eventOf('done', {}))
})

/** While nothing is sent time stands still: then the last sample is told anew. */
function keep(sample: LiveSample): void {
  if (samples.length > 0 && sample.atMs <= samples.at(-1)!.atMs) samples.pop()
  if (samples.length < SAMPLES_MAX) samples.push(sample)
}

/** The report takes the place of the page; when the last who looked has it, there is nothing more to serve. */
function handOver(_: IncomingMessage, response: ServerResponse): void {
  if (!done) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(readFileSync(done.page))
  response.once('finish', () => {
    waiting--
    if (waiting <= 0) say({ kind: 'handed-over' })
  })
}

const eventOf = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

function tell(text: string): void {
  for (const response of watching) response.write(text)
}
