import { join } from 'node:path'
import { expect, it } from 'vitest'
import redis from '../../../ledgers/redis.ts'
import streams from '../../../queues/redis-streams.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { startService } from '../../../src/core/service/service.ts'
import { anEvent } from '../../events.ts'
import { describeWithServer } from '../../servers.ts'
import { floodmark } from '../floodmark.ts'

const LETTERS = 20

describeWithServer('redis', (server, folder) => {
  it('a replay beside a running service: once the bug is mended, each letter takes effect once', async () => {
    const at = { url: server().url, namespace: 'dlq-live' }
    const [queue, ledger] = [await streams.open(at), await redis.open(at)]
    let mended = false
    const errors: unknown[] = []
    const service = await startService({
      queue,
      clock: systemClock,
      random: seeded(1),
      processing: {
        ledger,
        effect({ id }, tx) {
          if (!mended) throw new FloodmarkError('rejected', 'no such field: total')
          tx.increment(`effect ${id}`, 1)
        },
      },
      onError: (error) => errors.push(error),
    })
    const counts = service.counts!
    const events = Array.from({ length: LETTERS }, (_, n) => anEvent(String(n), { key: `k${n % 3}` }))
    await queue.publish(events, { deadlineMs: 10_000 })
    await expect.poll(() => counts.buried).toBe(LETTERS)

    const from = ['--ledger', 'redis', '--ledger-url', at.url, '--namespace', at.namespace]
    const to = ['--queue', 'redis-streams', '--queue-url', at.url, '--rate', '1000']
    // Before the bug is mended every letter comes back as one, and none is taken twice.
    const early = await floodmark('dlq', 'replay', ...from, ...to, '--journal', join(folder, 'early'))
    expect(early.out).toContain(`${LETTERS} letters replayed`)
    await expect.poll(() => counts.buried).toBe(2 * LETTERS)
    mended = true
    const late = await floodmark('dlq', 'replay', ...from, ...to, '--journal', join(folder, 'late'))
    expect(late).toMatchObject({ code: 0, err: '' })
    await expect.poll(() => counts.applied).toBe(LETTERS)
    const list = await floodmark('dlq', 'list', ...from)
    expect(list.out).toBe('no dead letters\n')

    const effects: string[] = []
    for await (const [, value] of ledger.scan('effect ')) effects.push(Buffer.from(value).toString())
    await service.stop()
    expect(effects).toEqual(events.map(() => '1'))
    expect(errors).toEqual([])
  })
})
