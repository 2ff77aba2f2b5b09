import { expect, it } from 'vitest'
import memoryLedger from '../../../ledgers/memory.ts'
import generic from '../../../providers/generic.ts'
import memoryQueue from '../../../queues/memory.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import type { Effects } from '../../../src/core/contracts/ledger.ts'
import type { Route } from '../../../src/core/contracts/provider.ts'
import type { Ingest } from '../../../src/core/contracts/receiver.ts'
import { startService } from '../../../src/core/service/service.ts'
import { incoming } from '../../contract/provider.ts'

const secret = generic.secret('a secret of some length')

async function started(effect: Effects, replies: NonNullable<Route['replies']>, processes = true) {
  const opened = { url: '', namespace: 'duplicates' }
  const [queue, ledger] = [await memoryQueue.open(opened), await memoryLedger.open(opened)]
  const made: { ingest?: Ingest } = {}
  const route = { path: '/in', source: 'generic', provider: generic, secrets: [secret], replies }
  const service = await startService({
    queue,
    clock: systemClock,
    random: Math.random,
    receiving: {
      routes: [route],
      receiver: async ({ ingest }) => {
        made.ingest = ingest
        return { port: 0, stop: async () => {} }
      },
    },
    ...(processes && { processing: { ledger, effect } }),
    onError: () => {},
  })
  const send = (id: string) => {
    const body = Buffer.from(`{"id":"${id}","key":"k"}`)
    const headers = generic.sign(body, secret, { id, type: '', atMs: systemClock.now() })
    return made.ingest!.handle(incoming(headers, body, systemClock.now(), '/in'))
  }
  const settled = async (times: number) => {
    await expect.poll(() => service.counts!.applied, { interval: 5 }).toBe(times)
  }
  return { service, send, settled }
}

it.for([
  ['one effect', () => {}, 1],
  ['two named effects', { books: () => {}, mails: () => {} }, 2],
] as const)('a copy of what took effect is told from a first one, with %s', async ([, effect, each]) => {
  const { service, send, settled } = await started(effect, { duplicate: { headers: { 'x-duplicate': 'true' } } })
  expect(await send('a')).toEqual({ status: 200, reason: 'accepted' })
  await settled(each)
  expect(await send('a')).toMatchObject({ status: 200, headers: { 'x-duplicate': 'true' } })
  expect(await send('b')).toEqual({ status: 200, reason: 'accepted' })
  await settled(2 * each)
  expect(service.counts!.duplicates).toBeGreaterThan(0)
  await service.stop()
})

it('a process without a ledger cannot tell, and says so at the start', async () => {
  await expect(started(() => {}, { duplicate: {} }, false)).rejects.toThrow('run floodmark node')
})
