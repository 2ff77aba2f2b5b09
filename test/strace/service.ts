import memory from '../../ledgers/memory.ts'
import generic from '../../providers/generic.ts'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import rawHttp from '../../receivers/raw-http.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { startService } from '../../src/core/service/service.ts'

/** A whole service, to be looked at from outside: its port on stdout, ended by SIGTERM. */
const [folder, secret, bug] = process.argv.slice(2)
const log = new EmbeddedQueue(folder!, { segmentBytes: 64 * 1024 })
/** The planted bug: the sender is told before anything is on disk. */
const early = (events: Parameters<Queue['publish']>[0], options: Parameters<Queue['publish']>[1]) => {
  log.publish(events, options).catch(() => {})
  return Promise.resolve()
}
const queue: Queue = {
  traits: log.traits,
  publish: bug === 'acks-early' ? early : (events, options) => log.publish(events, options),
  consume: (handle, options) => log.consume(handle, options),
  probe: () => log.probe(),
  depth: () => log.depth(),
  close: () => log.close(),
}
const routes = [{ path: '/webhooks/generic', source: 'generic', provider: generic, secrets: [generic.secret(secret!)] }]
const service = await startService({
  queue,
  receiving: { receiver: rawHttp, routes },
  processing: { ledger: await memory.open({ url: '', namespace: 'strace' }), effect: async () => {} },
  clock: systemClock,
  random: seeded(1),
  onError: () => {},
})
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)))
process.stdout.write(`${service.port}\n`)
