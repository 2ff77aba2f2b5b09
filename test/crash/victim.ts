import lmdb from '../../ledgers/lmdb.ts'
import generic from '../../providers/generic.ts'
import embedded from '../../queues/embedded.ts'
import rawHttp from '../../receivers/raw-http.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { startService } from '../../src/core/service/service.ts'

/** The whole stack in one process that kills itself: argv = folder, crash point ('never' for none), how many passes it lives through. */
const [folder, where, lives] = process.argv.slice(2)
let passes = 0
const failed = new Set<string>()
const service = await startService({
  queue: await embedded.open({ url: `${folder}/queue`, namespace: 'crash' }),
  receiving: {
    receiver: rawHttp,
    routes: [{ path: '/in', source: 'in', provider: generic, secrets: [generic.secret('a secret for tests')] }],
  },
  processing: {
    ledger: await lmdb.open({ url: `${folder}/ledger`, namespace: 'crash' }),
    effect(event, tx) {
      if (event.id.endsWith('3') && !failed.has(event.id)) {
        failed.add(event.id)
        throw new Error('planned: fails once')
      }
      tx.append(`effects/${event.key}`, Buffer.from(event.id))
    },
  },
  // What fails once is tried again before the test looks, however often the process was killed meanwhile.
  limits: { backoff: { baseMs: 50, capMs: 1_000 } },
  clock: systemClock,
  random: seeded(1),
  onError: () => {},
  crashPoint(name) {
    if (name === where && ++passes > Number(lives)) process.kill(process.pid, 'SIGKILL')
  },
})
process.on('SIGTERM', () => service.stop().then(() => process.exit(0)))
process.stdout.write(`${service.port}\n`)
