import { setTimeout as wait } from 'node:timers/promises'
import { ledgers } from '../../../ledgers/index.ts'
import { queues } from '../../../queues/index.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { startService } from '../../../src/core/service/service.ts'

/** Processes what waits, dies by the effect of some events, and ends by itself when nothing waits. */
const [queueName, ledgerName, queueUrl, ledgerUrl, namespace] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const open = { namespace, clock: systemClock }
const queue = await (await queues[queueName]!()).default.open({ ...open, url: queueUrl })
const ledger = await (await ledgers[ledgerName]!()).default.open({ ...open, url: ledgerUrl })
const service = await startService({
  queue,
  clock: systemClock,
  random: seeded(1),
  limits: { leaseMs: 5_000, effectMs: 500 },
  processing: {
    ledger,
    async effect({ id, type, key }, tx) {
      if (type === 'exit') process.exit(7)
      if (type === 'SIGSEGV' || type === 'SIGKILL') process.kill(process.pid, type)
      await wait(1)
      tx.append(`done/${key}`, Buffer.from(id))
    },
  },
  onError: (error) => console.error(error),
})
for (let calm = 0; calm < 3; ) {
  await wait(100)
  const { waiting, inFlight } = await queue.depth()
  calm = waiting + inFlight === 0 ? calm + 1 : 0
}
await service.stop()
