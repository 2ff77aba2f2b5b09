import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Admin, Consumer, heartbeatV4 } from '@platformatic/kafka'
import { afterEach, expect, it, vi } from 'vitest'
import { describeWithServer } from '../servers.ts'
import { succeeds } from './kafka-consumer.ts'

/**
 * queues/kafka relies on these parts of its client beyond the documented interface. A new version has to pass here before
 * the pin in package.json moves. Without one of these parts, members would silently break the order of their keys.
 */
const json = (file: string) => JSON.parse(readFileSync(resolve(file), 'utf8'))
afterEach(() => void vi.restoreAllMocks())

it('the client is pinned to exactly the installed version', () => {
  const { version } = json('node_modules/@platformatic/kafka/package.json')
  expect(json('package.json').dependencies['@platformatic/kafka']).toBe(version)
})

it('a heartbeat can be sent by hand: request 12, version 4, on a given connection', async () => {
  const send = vi.fn((...args: unknown[]) => (args.at(-1) as (error: null, result: unknown) => void)(null, {}))
  await heartbeatV4.api.async({ send } as never, 'group', 7, 'member', null)
  expect(send.mock.calls[0]!.slice(0, 2)).toEqual([12, 4])
})

describeWithServer('kafka', (server) => {
  it('joinGroup reads the heartbeat interval from its options only after it has joined', async () => {
    const [base, bootstrapBrokers] = [{ clientId: 'canary' }, [server().url.replace('kafka://', '')]]
    const admin = new Admin({ ...base, bootstrapBrokers })
    await admin.createTopics({ topics: ['canary'], partitions: 2 })
    const consumer = new Consumer({ ...base, bootstrapBrokers, groupId: 'canary', autocommit: false })
    consumer.topics.track('canary')
    const [asked, changed] = [3_111, 1_234_567]
    const options = { sessionTimeout: 10_000, rebalanceTimeout: 10_000, heartbeatInterval: asked }
    // A broker that has just made a topic may not have its coordinator yet, and the client does not ask twice.
    await expect.poll(() => succeeds(consumer.findGroupCoordinator())).toBe(true)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const joining = consumer.joinGroup(options)
    options.heartbeatInterval = changed
    await joining
    const waits = timers.mock.calls.map(([, ms]) => ms)
    expect(waits).toContain(changed)
    expect(waits).not.toContain(asked)
    // queues/kafka/member.ts reads the member's partitions, generation and coordinator.
    expect(consumer.assignments).toEqual([{ topic: 'canary', partitions: [0, 1] }])
    const coordinator = await consumer.findGroupCoordinator()
    const connections = await consumer.connectToBrokers([coordinator])
    await heartbeatV4.api.async(
      connections.get(coordinator)!,
      consumer.groupId,
      consumer.generationId,
      consumer.memberId!,
      null,
    )
    await consumer.close(true)
    await admin.close()
  })
})
