import { Admin, Consumer } from '@platformatic/kafka'
import { Kafka, type Admin as KafkaAdmin, logLevel } from 'kafkajs'
import { expect, it, vi } from 'vitest'
import { clientOptions, committedOf } from '../../queues/kafka/cluster.ts'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { encode } from '../../src/core/base/codec.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'
import { inOrder, LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'

const EVENTS = 60
const DAY_MS = 24 * 60 * 60 * 1_000
const WAIT = { timeout: 90_000 }
let namespaces = 0

describeWithServer('kafka', (server) => {
  const admin = async () => {
    const one = new Kafka({ brokers: [new URL(server().url).host], logLevel: logLevel.NOTHING }).admin()
    await one.connect()
    return one
  }
  /** Asks again where the group's coordinator is not there yet, or has not seen its last member go. */
  const setOffsets = (one: KafkaAdmin, topic: string, offset: string) => {
    const partitions = upTo(3).map((partition) => ({ partition, offset }))
    return expect.poll(() => succeeds(one.setOffsets({ groupId: topic, topic, partitions })), WAIT).toBe(true)
  }

  for (const [name, driver] of Object.entries({ kafka, kafkajs })) {
    const at = () => ({
      url: `${server().url}?partitions=3&compression=${namespaces % 2 ? 'gzip' : 'zstd'}`,
      namespace: `place${namespaces++}-${name}`,
    })
    const publish = (queue: Queue, from: number) =>
      queue.publish(
        numbered(from, EVENTS, (n) => `k${n % EVENTS}`),
        LIMIT,
      )

    it(`${name}: committed offsets beyond the log's end cost no new event, also those behind its start`, async () => {
      const place = at()
      const { topic } = layoutOf(place)
      const queue = await driver.open(place)
      const one = await admin()
      await publish(queue, 0)
      await setOffsets(one, topic, '900')
      expect((await queue.depth()).waiting).toBe(0)
      const consumer = consumerOf(queue)
      await publish(queue, EVENTS)
      await expect.poll(() => new Set(consumer.seen).size, WAIT).toBe(2 * EVENTS)
      if (name === 'kafka') expect(consumer.told.filter((line) => line.includes('no offset 900'))).toHaveLength(3)
      await consumer.stop()
      // Now a log that begins behind what is committed.
      await setOffsets(one, topic, '0')
      await one.deleteTopicRecords({ topic, partitions: upTo(3).map((partition) => ({ partition, offset: '-1' })) })
      const next = consumerOf(queue)
      await publish(queue, 2 * EVENTS)
      await expect.poll(() => next.seen.length, WAIT).toBe(EVENTS)
      await next.stop()
      await one.disconnect()
      await queue.close()
      await driver.drop(place)
    })

    it(`${name}: offsets that are set back bring no event again, as settled records are deleted`, async () => {
      const place = at()
      const { topic } = layoutOf(place)
      const queue = await driver.open(place)
      expect(queue.traits.server).toContain('settled records are deleted')
      const one = await admin()
      const first = consumerOf(queue)
      await publish(queue, 0)
      await expect.poll(() => first.seen.length, WAIT).toBe(EVENTS)
      await first.stop()
      await setOffsets(one, topic, '0')
      const again = consumerOf(queue)
      await publish(queue, EVENTS)
      await expect.poll(() => again.seen.length, WAIT).toBe(EVENTS)
      await again.stop()
      expect(again.seen.every((n) => n >= EVENTS)).toBe(true)
      await one.disconnect()
      await queue.close()
      await driver.drop(place)
    })

    it(`${name}: a publisher whose clock is wrong is not refused, and the broker dates its events`, async () => {
      const place = at()
      const queue = await driver.open(place)
      expect(queue.traits.server).not.toContain('CreateTime')
      const now = Date.now()
      const clock = vi.spyOn(Date, 'now')
      // More than Kafka's message.timestamp.after.max.ms, and than the time for which what waits is kept.
      for (const [round, days] of [1, -30].entries()) {
        clock.mockReturnValue(now + days * DAY_MS)
        await publish(queue, round * EVENTS)
      }
      clock.mockRestore()
      const consumer = consumerOf(queue)
      await expect.poll(() => consumer.seen.length, WAIT).toBe(2 * EVENTS)
      await consumer.stop()
      await queue.close()
      await driver.drop(place)
    })

    it(`${name}: transactions of others leave no event that was taken back, and nothing that waits for ever`, async () => {
      const [topic, host] = [`Shared.${name}`, new URL(server().url).host]
      const place = { url: `kafka://${host}/${topic}?partitions=1`, namespace: `shared-${name}` }
      const queue = await driver.open(place)
      const producer = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING }).producer({
        ...{ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 },
      })
      await producer.connect()
      const [kept, takenBack] = numbered(1_000, 2)
      for (const event of [takenBack!, kept!, takenBack!]) {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: [{ value: encode(event) }] })
        if (event === kept) await transaction.commit()
        else await transaction.abort()
      }
      await producer.disconnect()
      const consumer = consumerOf(queue)
      await expect.poll(() => consumer.seen, WAIT).toEqual([1_000])
      await expect.poll(() => queue.depth(), WAIT).toMatchObject({ waiting: 0, inFlight: 0 })
      await publish(queue, 0)
      await expect.poll(() => consumer.seen.length, WAIT).toBe(1 + EVENTS)
      expect(consumer.seen).not.toContain(1_001)
      await consumer.stop()
      await queue.close()
    })

    if (name === 'kafka') {
      it('kafka: a commit names the epoch of its leader; where the log knows nothing of it, the log is read from its start', async () => {
        // A topic that somebody named, whose settled records stay.
        const place = { url: `${server().url}/Epochs?partitions=1`, namespace: 'epochs' }
        const layout = layoutOf(place)
        const { topic, group } = layout
        const queue = await driver.open(place)
        const first = consumerOf(queue)
        await publish(queue, 0)
        await expect.poll(() => first.seen.length, WAIT).toBe(EVENTS)
        await first.stop()
        const asking = new Admin(clientOptions(layout))
        const committed = await committedOf(asking, group, topic, [0])
        expect(committed).toEqual([{ partition: 0, offset: EVENTS, leaderEpoch: expect.any(Number) }])
        expect(committed[0]!.leaderEpoch).toBeGreaterThanOrEqual(0)
        // As of a log that was restored from an older copy, and has grown beyond that offset since.
        const other = new Consumer({ ...clientOptions(layout), groupId: group, autocommit: false })
        other.topics.track(topic)
        await other.joinGroup({})
        await other.commit({ offsets: [{ topic, partition: 0, offset: BigInt(EVENTS), leaderEpoch: 99 }] })
        await other.close(true)
        const next = consumerOf(queue)
        await publish(queue, EVENTS)
        await expect.poll(() => new Set(next.seen).size, WAIT).toBe(2 * EVENTS)
        expect(next.told.filter((line) => line.includes(`no offset ${EVENTS}`))).toHaveLength(1)
        await next.stop()
        await asking.close()
        await queue.close()
      })
    }

    /** A queue whose consumer has seen two rounds of events, and what changes its topic. */
    const atWork = async () => {
      const place = at()
      const queue = await driver.open(place)
      const consumer = consumerOf(queue)
      await publish(queue, 0)
      await publish(queue, EVENTS)
      await expect.poll(() => consumer.seen.length, WAIT).toBe(2 * EVENTS)
      return { place, queue, consumer, one: await admin(), ...layoutOf(place) }
    }

    it(`${name}: a topic that is deleted and made anew under a running consumer is read from its start`, async () => {
      const { place, queue, consumer, one, topic } = await atWork()
      await one.deleteTopics({ topics: [topic] })
      const told = (what: RegExp) => consumer.told.filter((line) => what.test(line))
      await expect
        .poll(() => told(/^nothing of .* can be consumed for .*It is tried until it works$/), WAIT)
        .toHaveLength(1)
      const again = await driver.open(place)
      await expect.poll(() => succeeds(publish(again, 2 * EVENTS)), WAIT).toBe(true)
      const isNew = (n: number) => n >= 2 * EVENTS
      await expect.poll(() => new Set(consumer.seen.filter(isNew)).size, WAIT).toBe(EVENTS)
      expect(told(/^nothing of .* can be consumed for/).map((line) => line.endsWith('that is over'))).toEqual([
        false,
        true,
      ])
      await consumer.stop()
      await one.disconnect()
      await Promise.all([queue.close(), again.close()])
      await driver.drop(place)
    })

    it(`${name}: partitions that are added under a running publisher and consumer are used by both`, async () => {
      const { place, queue, consumer, one, topic } = await atWork()
      await one.createPartitions({ topicPartitions: [{ topic, count: 6 }] })
      let from = 2 * EVENTS
      /** Whether each of the new partitions holds an event: all keys of a round together use all partitions. */
      const usesNew = async () => {
        await publish(queue, from)
        from += EVENTS
        const ends = await one.fetchTopicOffsets(topic)
        return ends.filter(({ partition, high }) => partition >= 3 && Number(high) > 0).length
      }
      await expect.poll(usesNew, { ...WAIT, interval: 500 }).toBe(3)
      await expect.poll(() => new Set(consumer.seen).size, WAIT).toBe(from)
      await expect
        .poll(() => consumer.told.filter((line) => /has 6 partitions, no longer 3/.test(line)), WAIT)
        .toHaveLength(1)
      // From here on nothing waits that was published to the former ones: each key has its order again.
      const began = from
      for (const _ of upTo(5)) {
        await publish(queue, from)
        from += EVENTS
      }
      await expect.poll(() => new Set(consumer.seen).size, WAIT).toBe(from)
      const later = [...new Set(consumer.seen.filter((n) => n >= began))]
      for (const key of upTo(EVENTS)) {
        const ofKey = later.filter((n) => n % EVENTS === key)
        expect(ofKey).toEqual(inOrder(ofKey))
      }
      await consumer.stop()
      await one.disconnect()
      await queue.close()
      await driver.drop(place)
    })

    it(`${name}: a topic made anew with fewer partitions: what a publisher from before is told is stored, is stored`, async () => {
      const { place, queue, consumer, one, topic } = await atWork()
      await one.deleteTopics({ topics: [topic] })
      const [host] = place.url.split('?')
      const fewer = { ...place, url: `${host}?partitions=1` }
      const again = await driver.open(fewer)
      await expect.poll(() => succeeds(publish(queue, 2 * EVENTS)), WAIT).toBe(true)
      const isNew = (n: number) => n >= 2 * EVENTS
      await expect.poll(() => new Set(consumer.seen.filter(isNew)).size, WAIT).toBe(EVENTS)
      await consumer.stop()
      await one.disconnect()
      await Promise.all([queue.close(), again.close()])
      await driver.drop(place)
    })
  }
})
