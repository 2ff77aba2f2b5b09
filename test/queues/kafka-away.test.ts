import { Admin } from '@platformatic/kafka'
import { expect, it } from 'vitest'
import { clientOptions } from '../../queues/kafka/cluster.ts'
import { keepMember } from '../../queues/kafka/member.ts'
import { Brokers } from '../../queues/kafka-shared/brokers.ts'
import { PartitionLanes } from '../../queues/kafka-shared/lanes.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import { Connections } from '../../queues/kafkajs/connections.ts'
import { keepMember as keepKafkaJsMember } from '../../queues/kafkajs/member.ts'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'

/** So many times faster. */
const HURRY = 100
const clock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * HURRY,
  after: (ms, fn) => systemClock.after(ms / HURRY, fn),
}
/** Nobody listens there. */
const layout = layoutOf({ url: 'kafka://127.0.0.1:1', namespace: 'away' })

/** By driver: keeps a member until the signal aborts. */
const KEEP = {
  async kafka(lanes: PartitionLanes, signal: AbortSignal, onError: (error: unknown) => void) {
    const admin = new Admin(clientOptions(layout))
    const brokers = new Brokers(layout.address, clock)
    await keepMember({ admin, layout, brokers, clock, lanes, onError }, signal, signal)
    await admin.close()
  },
  async kafkajs(lanes: PartitionLanes, signal: AbortSignal, onError: (error: unknown) => void) {
    const connections = new Connections(layout)
    await keepKafkaJsMember({ connections, layout, clock, lanes, noMore: signal, finished: signal, onError })
    await connections.close()
  },
}

it.each(Object.entries(KEEP))(
  '%s: a consumer whose brokers are all away says so once, and tries on',
  async (_, keep) => {
    const told: string[] = []
    const over = new AbortController()
    const kept = keep(new PartitionLanes(clock), over.signal, (error) => void told.push((error as Error).message))
    const line = /^nothing of floodmark-away can be consumed for \d+ s: .*\. It is tried until it works$/
    await expect.poll(() => told).toEqual([expect.stringMatching(line)])
    over.abort()
    await kept
    expect(told).toHaveLength(1)
  },
)
