import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import generic from '../../providers/generic.ts'
import { parseBody } from '../../src/core/base/json-body.ts'
import { ownFile } from '../../src/core/base/kit/own-file.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { messageOf } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { LedgerDriver, Tx } from '../../src/core/contracts/ledger.ts'
import type { Queue, QueueDriver } from '../../src/core/contracts/queue.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import type { Receiver } from '../../src/core/contracts/receiver.ts'
import { SERVICE_DEFAULTS } from '../../src/core/service/limits.ts'
import { startService } from '../../src/core/service/service.ts'
import { Door } from '../../src/product/service/door.ts'
import { startProcess } from '../../src/runner/processes/child.ts'
import { moduleOf } from '../../src/runner/scenario/registry.ts'
import { cpuSecondsOf } from './cpu-seconds.ts'
import { takeHanded } from './handing.ts'
import { keepHistory } from './history.ts'
import type { FromReceiver, FromServer, ReceiverSetup, ServerSetup, ToServer, Usage } from './protocol.ts'
import { routesOf, SECRET } from './requests.ts'

const END_MS = 10_000

/** The server side of a benchmark, in a separate process. Its kind comes as its argument. */

interface Running {
  readonly port: number
  readonly usage: () => Promise<Partial<Usage>>
  readonly stop: () => Promise<void>
}

const setup: ServerSetup = JSON.parse(process.argv[2]!)
const routes = routesOf()
process.on('disconnect', () => process.exit(1))
const starts =
  setup.kind === 'bare'
    ? bare()
    : setup.kind === 'canned'
      ? canned()
      : setup.kind === 'writer'
        ? writer(setup)
        : stack(setup)
starts.then(
  (running) => {
    const history = keepHistory(running.usage)
    process.on('message', async (message: ToServer) => {
      if (message.kind === 'usage') return say({ kind: 'usage', usage: await history(message.atMs) })
      await running.stop()
      say({ kind: 'stopped' })
    })
    say({ kind: 'ready', port: running.port })
  },
  (error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }),
)

async function stack(setup: ServerSetup & { kind: 'stack' }): Promise<Running> {
  const receiver: Receiver = (await import(moduleOf('receiver', setup.receiver))).default
  const driver: QueueDriver = (await import(moduleOf('queue', setup.queue))).default
  const queue: Queue & { counts?: { syncs: number } } = await driver.open({
    url: `${setup.folder}/queue`,
    namespace: setup.runId,
  })
  const syncs = () => queue.counts?.syncs ?? null
  const processing = setup.ledger === undefined ? undefined : await processingWith(setup, setup.ledger)
  const service = await startService({
    queue,
    receiving: { receiver, routes },
    ...(processing && { processing }),
    clock: systemClock,
    random: seeded(1),
    onError: fail,
  })
  const stopping = new AbortController()
  if (setup.discards) {
    const handle = async (batch: readonly unknown[]) => batch.map(() => 'ack' as const)
    void queue.consume(handle, { ...SERVICE_DEFAULTS, signal: stopping.signal })
  }
  return {
    port: service.port!,
    async usage() {
      if (!processing) return { syncs: syncs() }
      const { applied: settled } = service.counts!
      const { waiting, inFlight } = await queue.depth()
      return { settled, backlog: waiting + inFlight, syncs: syncs() }
    },
    stop() {
      stopping.abort()
      return service.stop()
    },
  }
}

/** The same, with the receiving in processes of their own. */
async function writer(setup: ServerSetup & { kind: 'writer' }): Promise<Running> {
  const driver: QueueDriver = (await import(moduleOf('queue', setup.queue))).default
  const queue: Queue & { counts?: { syncs: number } } = await driver.open({
    url: `${setup.folder}/queue`,
    namespace: setup.runId,
  })
  const processing = await processingWith(setup, setup.ledger)
  const service = await startService({ queue, processing, clock: systemClock, random: seeded(1), onError: fail })
  const path = join(setup.folder, 'handing')
  const taking = await takeHanded(path, queue, SERVICE_DEFAULTS.publishDeadlineMs)
  const door = await Door.open({ host: '127.0.0.1', port: 0 }, () => {})
  const file = ownFile('./receiver', import.meta.url)
  const task: ReceiverSetup = { path, traits: queue.traits }
  const receivers = Array.from({ length: setup.receivers }, () =>
    startProcess<never, FromReceiver>('receiver', file, [JSON.stringify(task)], [door.fd]),
  )
  await Promise.all(receivers.map((one) => one.next('ready')))
  const spent = receivers.map((one) => cpuSecondsOf(one.process.pid!))
  return {
    port: door.port,
    async usage() {
      const { user, system } = process.cpuUsage()
      const cpuSeconds = (user + system) / 1e6 + spent.reduce((sum, seconds) => sum + seconds(), 0)
      const { waiting, inFlight } = await queue.depth()
      const { applied: settled } = service.counts!
      return { cpuSeconds, settled, backlog: waiting + inFlight, syncs: queue.counts?.syncs ?? null }
    },
    async stop() {
      door.close()
      await Promise.all(receivers.map((one) => one.end(END_MS)))
      taking.close()
      await service.stop()
    },
  }
}

async function processingWith(setup: ServerSetup & { kind: 'stack' | 'writer' }, name: string) {
  const driver: LedgerDriver = (await import(moduleOf('ledger', name))).default
  const ledger = await driver.open({ url: `${setup.folder}/ledger`, namespace: 'bench' })
  return {
    ledger,
    effect,
  }
}

/** What a small effect costs at least: the body is parsed, and its event appended to its key's list. A run's own effect digests it as well. */
function effect(event: WebhookEvent, tx: Tx): void {
  parseBody(event.body)
  tx.append(`${event.source}/${event.key}`, Buffer.from(event.id))
}

async function bare(): Promise<Running> {
  const secret = generic.secret(SECRET)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const { 'x-webhook-id': id, 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature } = request.headers
      const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(raw).digest()
      const claim = Buffer.from(String(signature).slice(3), 'hex')
      const genuine = claim.length === expected.length && timingSafeEqual(claim, expected)
      response.writeHead(genuine ? 200 : 401, ['Content-Type', 'text/plain', 'Content-Length', '8'])
      response.end(genuine ? 'accepted' : 'rejected')
    })
  })
  return listening(server)
}

const CANNED = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\naccepted')
/** The end of `Content-Length: `, whatever its case. */
const LENGTH = Buffer.from('ength: ')
const HEAD_END = Buffer.from('\r\n\r\n')

/** Does the least that a server can and still answer once per complete request. Knows the requests of this benchmark only. */
async function canned(): Promise<Running> {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    let held: Buffer | undefined
    socket.on('data', (data: Buffer) => {
      let bytes = held ? Buffer.concat([held, data]) : data
      for (;;) {
        const headEnd = bytes.indexOf(HEAD_END)
        if (headEnd === -1) break
        const lengthAt = bytes.indexOf(LENGTH) + LENGTH.length
        let length = 0
        for (let at = lengthAt; bytes[at] !== 13; at++) length = length * 10 + bytes[at]! - 48
        const end = headEnd + HEAD_END.length + length
        if (end > bytes.length) break
        socket.write(CANNED)
        bytes = bytes.subarray(end)
      }
      held = bytes.length > 0 ? bytes : undefined
    })
    socket.on('error', () => {})
  })
  return listening(server)
}

function listening(server: ReturnType<typeof createTcpServer> | ReturnType<typeof createServer>): Promise<Running> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', 1_024, () => {
      const { port } = server.address() as { port: number }
      resolve({ port, usage: async () => ({}), stop: async () => void server.close() })
    })
  })
}

function fail(error: unknown): void {
  say({ kind: 'failed', code: 'unavailable', message: messageOf(error) })
}

function say(message: FromServer): void {
  if (process.connected) process.send?.(message)
}
