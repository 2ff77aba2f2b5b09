import { expect, it, onTestFinished, vi } from 'vitest'
import kafka from '../../../../queues/kafka.ts'
import kafkajs from '../../../../queues/kafkajs.ts'
import postgres from '../../../../queues/postgres.ts'
import redisStreams from '../../../../queues/redis-streams.ts'
import sqs from '../../../../queues/sqs.ts'
import type { QueueDriver } from '../../../../src/core/contracts/queue.ts'
import { AskedMeter } from '../../../../src/runner/testbed/meters/asked.ts'
import { openCounts } from '../../../../src/runner/testbed/meters/server-counts.ts'
import { anEvent } from '../../../events.ts'
import { describeWithServer } from '../../../servers.ts'

/** Before any connection, as in a process of the stack. */
const meter = new AskedMeter()
/** A server may tell late. */
const SOON = { timeout: 90_000, interval: 200 }
const LIMIT = { deadlineMs: 30_000 }

/** Publishes to a queue on a server between two looks at what the server and this process count. */
async function around(driver: QueueDriver, at: { url: string; kind: string }, namespace: string) {
  const queue = await driver.open({ url: at.url, namespace })
  const counts = await openCounts([at], namespace)
  try {
    const before = { ...(await counts.read()), asked: meter.read() }
    await queue.publish([anEvent('1'), anEvent('2')], LIMIT)
    const publish = (id: string) => queue.publish([anEvent(id)], LIMIT)
    return { before, publish, after: async () => ({ ...(await counts.read()), asked: meter.read() }) }
  } finally {
    onTestFinished(async () => {
      await counts.close()
      await queue.close()
      await driver.drop({ url: at.url, namespace })
    })
  }
}

describeWithServer('redis', (server) => {
  it('counts commands by name but for those of the count itself, and the bytes of its log', async () => {
    const { before, after } = await around(redisStreams, server(), 'counted')
    await vi.waitFor(async () => {
      const { calls, logBytes, asked } = await after()
      expect(calls!.XADD!.calls - (before.calls!.XADD?.calls ?? 0)).toBe(2)
      expect(logBytes).toBeGreaterThan(before.logBytes!)
      expect(asked.bytes).toBeGreaterThan(before.asked.bytes)
      expect(calls).not.toHaveProperty('INFO')
    }, SOON)
  })
})

describeWithServer('postgres', (server) => {
  it('counts transactions and the bytes of its log, and what goes over the wire is seen', async () => {
    const { before, publish, after } = await around(postgres, server(), 'counted')
    let more = 3
    await vi.waitFor(async () => {
      // A connection tells its transactions with a later one, once a second at most.
      await publish(String(more++))
      const { calls, logBytes, asked } = await after()
      expect(calls!.COMMIT!.calls).toBeGreaterThan(before.calls!.COMMIT!.calls)
      expect(logBytes).toBeGreaterThan(before.logBytes!)
      expect(asked.bytes).toBeGreaterThan(before.asked.bytes)
    }, SOON)
  })
})

describeWithServer('sqs', (server) => {
  it('counts nothing itself: its clients count their requests by action', async () => {
    const { before, after } = await around(sqs, server(), 'counted')
    const { calls, logBytes, asked } = await after()
    expect({ calls, logBytes }).toEqual({ calls: null, logBytes: null })
    expect(asked.calls.SendMessageBatch!.calls - (before.asked.calls.SendMessageBatch?.calls ?? 0)).toBe(1)
    expect(asked.calls.SendMessageBatch!.bytes).toBeGreaterThan(100)
  })
})

for (const kind of ['kafka', 'kafka-cluster']) {
  describeWithServer(kind, (server) => {
    for (const [name, driver] of Object.entries({ kafka, kafkajs })) {
      it(`${name}: its clients count requests by name, and the cluster tells the bytes of the topic`, async () => {
        const { before, after } = await around(driver, server(), `counted-${name}`)
        await vi.waitFor(async () => {
          const { calls, logBytes, asked } = await after()
          expect(calls).toBeNull()
          expect(logBytes).toBeGreaterThan(before.logBytes!)
          expect(asked.calls.Produce!.calls).toBeGreaterThan(before.asked.calls.Produce?.calls ?? 0)
          expect(asked.calls.Produce!.bytes).toBeGreaterThan(100)
        }, SOON)
      })
    }
  })
}

it('of a kind that nobody knows, and of a server that does not answer, nothing is known', async () => {
  const counts = await openCounts(
    [
      { kind: 'tape', url: 'tape://1' },
      { kind: 'kafka', url: 'kafka://127.0.0.1:1' },
    ],
    'none',
  )
  expect(await counts.read()).toEqual({ calls: null, logBytes: null })
  await counts.close()
})
