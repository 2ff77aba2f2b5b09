import { describe, expect, it } from 'vitest'
import { planted } from '../runner/floodmark.ts'
import { QUICK_MS, quickRuns } from '../scenarios/quick.ts'
import { describeWithServer } from '../servers.ts'

/** Kill -9 of receivers and processors in a sale, on each queue with each ledger. The table is written to stderr. */
const LEDGERS = ['lmdb', 'redis'] as const
/** With a server more: where it is the only one, and where it is the queue as well. */
const ledgersOf = (queue: string) => (queue === 'embedded' || queue === 'postgres' ? [...LEDGERS, 'postgres'] : LEDGERS)
const { quick } = quickRuns(planted('scenario-sale-kills'))

async function killed(queue: string, ledger: string, ...flags: string[]): Promise<void> {
  const { report } = await quick(`${queue}-${ledger}`, '--rate', '30', '--queue', queue, '--ledger', ledger, ...flags)
  const { applied, buried, lost, duplicateEffects, unknown } = report.audit
  const counts = { applied, buried, unknown, lost, duplicateEffects }
  process.stderr.write(`${queue} × ${ledger}: ${JSON.stringify(counts)}\n`)
  expect(counts).toMatchObject({ lost: 0, duplicateEffects: 0 })
  // A machine that is busy brings processes back late, and refuses meanwhile.
  expect(applied).toBeGreaterThan(100)
  expect(report.faults.map(({ kind }) => kind)).toEqual(['kill', 'kill', 'kill', 'kill'])
}

const row = (queue: string, ledger: string, url?: () => string) =>
  it(`nothing is lost or doubled on ${queue} with ${ledger}`, { timeout: QUICK_MS, tags: 'full' }, () =>
    killed(queue, ledger, ...(url ? ['--queue-url', url()] : [])),
  )

describe('a sale in which receivers and processors are killed', () => {
  for (const ledger of ledgersOf('embedded')) row('embedded', ledger)
})

/** Those on one kind of server share it. */
for (const [kind, names] of [
  ['redis', ['redis-streams', 'bullmq']],
  ['sqs', ['sqs-fifo']],
  ['kafka', ['kafka', 'kafkajs']],
  ['postgres', ['postgres']],
] as const) {
  describeWithServer(kind, (server) => {
    for (const queue of names) for (const ledger of ledgersOf(queue)) row(queue, ledger, () => server().url)
  })
}
