import { Kafka, logLevel } from 'kafkajs'
import { expect } from 'vitest'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import { partitionOf } from '../../queues/kafka-shared/murmur2.ts'
import { PublishError, type Queue, type QueueDriver } from '../../src/core/contracts/queue.ts'
import { numbered, upTo } from '../contract/queue/kit.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'

const KEYS = 60
const PARTITIONS = 6
const WAIT = { timeout: 60_000 }
const DEADLINE = { deadlineMs: 3_000 }

interface Place {
  /** Of the cluster that tests start. */
  readonly url: string
  readonly namespace: string
}

/** Makes a topic whose replicas lie on given brokers, by partition. The first leads. */
export async function makeTopic(
  at: Place,
  replicas: readonly number[][],
  config: Record<string, string>,
): Promise<void> {
  const { address, topic } = layoutOf(at)
  const { username, password } = address.sasl as { username: string; password: string }
  const client = new Kafka({
    brokers: [...address.brokers],
    ssl: { ca: address.tls!.ca! },
    sasl: { mechanism: 'plain', username, password },
    logLevel: logLevel.NOTHING,
  })
  const admin = client.admin()
  await admin.connect()
  const replicaAssignment = replicas.map((one, partition) => ({ partition, replicas: [...one] }))
  const settings = Object.entries({ 'min.insync.replicas': '1', ...config })
  const configEntries = settings.map(([name, value]) => ({ name, value }))
  // The client's own wait gives up on the first 'unknown topic'.
  await admin.createTopics({ topics: [{ topic, replicaAssignment, configEntries }], waitForLeaders: false })
  await admin.disconnect()
}

/** A driver at work on a topic whose partition 0 lies on the broker with that number alone, and no other partition does. */
export async function onOneBroker(driver: QueueDriver, at: Place, broker: number) {
  const others = [1, 2, 3].filter((one) => one !== broker)
  await makeTopic(
    at,
    upTo(PARTITIONS).map((partition) => [partition === 0 ? broker : others[partition % 2]!]),
    {},
  )
  const queue = await driver.open(at)
  const consumers = [consumerOf(queue)]
  const queues = [queue]
  const isSeen = (n: number) => consumers.some(({ seen }) => seen.includes(n))
  let from = -KEYS
  const nextEvents = () => {
    from += KEYS
    return numbered(from, KEYS, (n) => `k${n % KEYS}`)
  }
  const missing = (which: (n: number) => boolean) => upTo(KEYS).filter((n) => which(n) && !isSeen(from + n))
  const isCut = (n: number) => partitionOf(Buffer.from(`k${n % KEYS}`), PARTITIONS) === 0
  const publishAll = async (through: Queue) => {
    await expect.poll(() => succeeds(through.publish(nextEvents(), DEADLINE)), WAIT).toBe(true)
    await expect.poll(() => missing(() => true), WAIT).toEqual([])
  }
  /** Publishes until nothing but what lies on partition 0 is refused, at once and for certain, and the rest is consumed. */
  const publishRest = async (through: Queue) => {
    const refused = async () => {
      const error = await through.publish(nextEvents(), DEADLINE).catch((reason: unknown) => reason)
      if (!(error instanceof PublishError)) return 'nothing'
      return error.definite && error.unsafe.every((one) => isCut(one)) ? 'that' : `more: ${error.message}`
    }
    await expect.poll(refused, WAIT).toBe('that')
    await expect.poll(() => missing((n) => !isCut(n)), WAIT).toEqual([])
  }
  await publishAll(queue)
  return {
    async goesOn() {
      await publishRest(queue)
      await expect.poll(() => succeeds(queue.probe()), WAIT).toBe(true)
      const told = () => consumers[0]!.told.filter((line) => line.includes('partition 0'))
      await expect.poll(told, WAIT).toHaveLength(1)
      // A service that starts meanwhile works too.
      const later = await driver.open(at)
      queues.push(later)
      consumers.push(consumerOf(later))
      await publishRest(later)
      expect(told()).toHaveLength(1)
    },
    async heals() {
      for (const one of queues) await publishAll(one)
    },
    async end() {
      await Promise.all(consumers.map((one) => one.stop()))
      await Promise.all(queues.map((one) => one.close()))
      await driver.drop(at)
    },
  }
}
