import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { kafkaCounts } from '../../src/clients/kafka/counts.ts'
import { inOrder, LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'

const EVENTS = 30
const DRIVERS = Object.entries({ kafka, kafkajs })
const NOWHERE = { namespace: 'n', url: 'kafka://127.0.0.1:1' }

describe.each(DRIVERS)('the address of %s', (_, driver) => {
  it('has no topic for a run, which would read the events of others', async () => {
    const opening = driver.open({ ...NOWHERE, url: `${NOWHERE.url}/orders`, keptMs: 1_000 })
    await expect(opening).rejects.toMatchObject({ code: 'misuse', message: expect.stringContaining("from 'orders'") })
  })
})

it.each(['lz4', 'snappy'])('the address of kafkajs cannot ask for %s', async (compression) => {
  const opening = kafkajs.open({ ...NOWHERE, url: `${NOWHERE.url}?compression=${compression}` })
  const message = `kafkajs cannot compress with ${compression}: take the queue 'kafka', which can, or compression=gzip`
  await expect(opening).rejects.toMatchObject({ code: 'misuse', message })
})

describeWithServer('kafka', (server) => {
  const topics = async () => {
    const admin = new Kafka({ brokers: [new URL(server().url).host], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    try {
      return { topics: await admin.listTopics(), groups: (await admin.listGroups()).groups.map((one) => one.groupId) }
    } finally {
      await admin.disconnect()
    }
  }

  it.each(DRIVERS)(
    '%s: a topic that somebody named is used, and neither it nor its records are deleted',
    async (name, driver) => {
      const topic = `Orders.${name}_v1`
      const places = ['a', 'b'].map((group) => ({
        url: `${server().url}/${topic}?partitions=3&group=${group}-${name}`,
        namespace: `${group}-${name}`,
      }))
      const queues = []
      for (const place of places) queues.push(await driver.open(place))
      expect(queues[0]!.traits.server).toContain('settled records are kept: others may read the topic too')
      await queues[0]!.publish(numbered(0, EVENTS), LIMIT)
      for (const queue of queues) {
        // Two groups: each takes all.
        expect((await queue.depth()).waiting).toBe(EVENTS)
        const consumer = consumerOf(queue)
        await expect.poll(() => consumer.seen.length).toBe(EVENTS)
        await consumer.stop()
        expect(inOrder(consumer.seen)).toEqual(upTo(EVENTS))
        expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
        await queue.close()
      }
      await driver.drop(places[0]!)
      const left = await topics()
      expect(left.topics).toContain(topic)
      // Its place is theirs as well: without it, all of the topic would be taken again.
      expect(left.groups).toEqual(expect.arrayContaining([`a-${name}`, `b-${name}`]))
    },
  )

  it.each(DRIVERS)(
    '%s: a topic that is there with fewer partitions than asked for is refused',
    async (name, driver) => {
      const at = (query: string) => ({ url: `${server().url}${query}`, namespace: `fewer-${name}` })
      await (await driver.open(at('?partitions=3'))).close()
      await expect(driver.open(at('?partitions=4'))).rejects.toMatchObject({
        code: 'misuse',
        message: expect.stringMatching(
          /^cannot open floodmark-fewer-.* with partitions 3, .* asks for 4: add partitions to the topic, or ask for 3$/,
        ),
      })
      const queue = await driver.open(at('?partitions=2'))
      expect(queue.traits.server).toContain('partitions 3, more than the 2 asked for')
      await queue.close()
      await driver.drop(at(''))
    },
  )

  it.each(DRIVERS)(
    '%s: no size of the log deletes what waits, whatever the brokers have for topics',
    async (queueName, driver) => {
      const place = { url: server().url, namespace: `size-${queueName}` }
      const admin = new Admin({ clientId: 'sizes', bootstrapBrokers: [new URL(server().url).host] })
      const { SET, DELETE } = IncrementalAlterConfigOperationTypes
      const name = 'log.retention.bytes'
      const [id] = (await admin.metadata({ topics: [] })).brokers.keys()
      const broker = { resourceType: ConfigResourceTypes.BROKER, resourceName: String(id) }
      const set = (config: { configOperation: typeof SET; value: string } | { configOperation: typeof DELETE }) =>
        admin.incrementalAlterConfigs({ resources: [{ ...broker, configs: [{ name, ...config }] }] })
      await set({ configOperation: SET, value: '1500000' })
      try {
        const queue = await driver.open(place)
        expect(queue.traits.server).toContain('retention.bytes -1')
        expect(queue.traits.server).not.toContain('which deletes')
        await queue.close()
      } finally {
        await set({ configOperation: DELETE })
      }
      await admin.close()
      await driver.drop(place)
    },
  )

  it.each(DRIVERS)('%s: what a quota of the cluster slows down costs no event', async (name, driver) => {
    const place = { url: `${server().url}?partitions=3`, namespace: `quota-${name}` }
    const queue = await driver.open(place)
    const admin = new Admin({ clientId: 'quotas', bootstrapBrokers: [new URL(server().url).host] })
    const entities = [{ entityType: 'client-id' as const, entityName: 'floodmark' }]
    const key = 'producer_byte_rate' as const
    const set = (op: { value: number; remove: false } | { remove: true }) =>
      admin.alterClientQuotas({ entries: [{ entities, ops: [{ key, ...op }] }] })
    await set({ value: 100_000, remove: false })
    const body = Buffer.alloc(30_000, '{"a":1}')
    const accepted: number[] = []
    let refused = 0
    try {
      for (const n of upTo(EVENTS)) {
        const published = queue.publish([anEvent(String(n), { body, key: 'k' })], { deadlineMs: 2_000 })
        if (await succeeds(published)) accepted.push(n)
        else refused++
      }
    } finally {
      await set({ remove: true })
    }
    expect(accepted.length + refused).toBe(EVENTS)
    expect(accepted).not.toEqual([])
    const consumer = consumerOf(queue)
    await expect.poll(() => accepted.filter((n) => !consumer.seen.includes(n))).toEqual([])
    await consumer.stop()
    const first = [...new Set(consumer.seen)].filter((n) => accepted.includes(n))
    expect(first).toEqual(accepted)
    await Promise.all([queue.close(), admin.close()])
    await driver.drop(place)
  })

  it.each(['gzip', 'zstd', 'lz4', 'snappy'])('kafka: the broker takes %s', async (compression) => {
    const place = { url: `${server().url}?partitions=1&compression=${compression}`, namespace: `with-${compression}` }
    const queue = await kafka.open(place)
    const body = Buffer.alloc(200_000, '{"a":1}')
    await queue.publish([anEvent('0', { body })], LIMIT)
    const counts = await kafkaCounts(server().url, place.namespace)
    expect((await counts.read()).logBytes).toBeLessThan(body.length / 4)
    await counts.close()
    const consumer = consumerOf(queue)
    await expect.poll(() => consumer.seen).toEqual([0])
    await consumer.stop()
    await queue.publish([anEvent('1', { body })], LIMIT)
    await queue.close()
    const other = await kafkajs.open({ ...place, url: server().url })
    const second = consumerOf(other)
    if (['gzip', 'zstd'].includes(compression)) await expect.poll(() => second.seen).toEqual([1])
    else await expect(second.done).rejects.toThrow(new RegExp(`^Kafka: ${compression} .* take the queue 'kafka'`, 'i'))
    await second.stop().catch(() => {})
    await other.close()
  })
})
