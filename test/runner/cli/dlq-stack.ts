import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import lmdb from '../../../ledgers/lmdb.ts'
import embedded from '../../../queues/embedded.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { DeadLetter, Ledger } from '../../../src/core/contracts/ledger.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { startService } from '../../../src/core/service/service.ts'
import { anEvent } from '../../events.ts'
import { floodmark } from '../floodmark.ts'

const NAMESPACE = 'shop'

export async function lettersOf(ledger: Ledger): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  for await (const letter of ledger.buried()) letters.push(letter)
  return letters
}

export async function bury(ledger: Ledger, events: readonly WebhookEvent[], reason: string): Promise<void> {
  const claims = await ledger.claim(events, 10_000)
  await ledger.settle(
    events.map((event, at) => {
      const claim = claims[at]!
      if (claim.state !== 'new') throw new Error(`${event.id} is ${claim.state}`)
      return { event, fence: claim.fence, result: 'buried', cause: 'permanent', reason }
    }),
  )
}

/** An lmdb ledger with letters a1, a2 (source shop, type paid, 'no stock') and b1 (source bank, type moved), and an empty queue. */
export async function stack() {
  const root = mkdtempSync(join(tmpdir(), 'floodmark-dlq-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const ledgerAt = { url: join(root, 'ledger'), namespace: NAMESPACE }
  const queueAt = { url: join(root, 'queue'), namespace: NAMESPACE }
  const within = async <T>(work: (ledger: Ledger) => Promise<T>) => {
    const ledger = await lmdb.open(ledgerAt)
    return work(ledger).finally(() => ledger.close())
  }
  const shop = { source: 'shop', type: 'paid', headers: { 'x-try': '3' } }
  await within(async (ledger) => {
    await bury(ledger, [anEvent('a1', shop), anEvent('a2', shop)], 'no stock left')
    await bury(
      ledger,
      [anEvent('b1', { source: 'bank', type: 'moved', body: Buffer.from([0xff, 0, 1]) })],
      'no account',
    )
  })
  await (await embedded.open(queueAt)).close()
  const flags = ['--ledger-url', ledgerAt.url, '--namespace', NAMESPACE]
  return {
    root,
    ledgerAt,
    queueFolder: queueAt.url,
    dlq: (command: string, ...more: string[]) => floodmark('dlq', command, ...flags, ...more),
    toQueue: ['--queue-url', queueAt.url],
    ids: () => within(async (ledger) => (await lettersOf(ledger)).map(({ event }) => event.id)),
    letters: () => within(lettersOf),
    /** Lets a service take what the queue holds until it has seen so many; how often each took effect. */
    async effects(seen: number): Promise<Record<string, string>> {
      const ledger = await lmdb.open(ledgerAt)
      const service = await startService({
        queue: await embedded.open(queueAt),
        clock: systemClock,
        random: seeded(1),
        processing: { ledger, effect: ({ id }, tx) => tx.increment(`effect ${id}`, 1) },
        onError: (error) => {
          throw error
        },
      })
      const { counts } = service
      await expect.poll(() => counts!.applied + counts!.duplicates).toBe(seen)
      await service.stop()
      return within(async (again) => {
        const effects: Record<string, string> = {}
        for await (const [name, value] of again.scan('effect ')) effects[name.slice(7)] = Buffer.from(value).toString()
        return effects
      })
    },
  }
}
