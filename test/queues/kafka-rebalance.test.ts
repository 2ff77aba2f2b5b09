import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import type { Handler } from '../../src/core/contracts/queue.ts'
import { inOrder, LIMIT, numbered, numbersOf, Subject, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf } from './kafka-consumer.ts'
import { serverTarget } from './server-target.ts'

const EVENTS = 600
const KEYS = 40

describeWithServer('kafka', (server) => {
  for (const [file, driver] of Object.entries({ 'kafka.ts': kafka, 'kafkajs.ts': kafkajs })) {
    it(`${file}: consumers that come and go lose and double no event and keep each key's order`, async (context) => {
      const subject = new Subject(await serverTarget(server(), driver, file), context)
      const queues = await Promise.all(upTo(3).map(() => subject.open()))
      const seen: number[] = []
      const share = [0, 0, 0]
      const running = new Set<string>()
      let clashes = 0
      const handler =
        (who: number): Handler =>
        async (batch) => {
          const keys = new Set(batch.map(({ event }) => event.key))
          for (const key of keys) running.has(key) ? clashes++ : running.add(key)
          // Long enough for handlers to be running whenever the group asks all to join again.
          await sleep(systemClock, 40)
          for (const key of keys) running.delete(key)
          seen.push(...numbersOf(batch))
          share[who]! += batch.length
          return batch.map(() => 'ack')
        }
      const publish = async (from: number, count: number) => {
        const key = (n: number) => `k${n % KEYS}`
        for (const at of upTo(count / 20)) await queues[0]!.publish(numbered(from + at * 20, 20, key), LIMIT)
      }
      await publish(0, EVENTS / 2)
      const first = subject.consumer(queues[0]!, handler(0))
      await subject.until('the first has begun', () => share[0]! > 20)
      const others = [1, 2].map((who) => subject.consumer(queues[who]!, handler(who)))
      await publish(EVENTS / 2, EVENTS / 2)
      await subject.until('one of the others works', () => share[1]! + share[2]! > 20)
      await first.stop()
      await subject.until('everything is delivered', () => new Set(seen).size === EVENTS)
      await Promise.all(others.map((consumer) => consumer.stop()))
      expect(clashes).toBe(0)
      expect(inOrder(seen)).toEqual(upTo(EVENTS))
      for (const key of upTo(KEYS)) {
        const ofKey = seen.filter((n) => n % KEYS === key)
        expect(ofKey).toEqual(inOrder(ofKey))
      }
      await subject.end()
    })

    it(`${file}: consumers that end while they join leave no member behind`, async () => {
      const place = { url: server().url, namespace: `joins-${file.replace('.ts', '')}` }
      const queue = await driver.open(place)
      for (const n of upTo(12)) {
        const consumer = consumerOf(queue)
        await sleep(systemClock, 60 * n)
        await consumer.stop()
      }
      const { group } = layoutOf(place)
      const admin = new Kafka({ brokers: [new URL(server().url).host], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      const members = async () => (await admin.describeGroups([group])).groups[0]!.members.length
      // One that could not leave is dropped when its session ends.
      await expect.poll(members, { interval: 500 }).toBe(0)
      await queue.publish(numbered(0, 60, String), LIMIT)
      const next = consumerOf(queue)
      await expect.poll(() => new Set(next.seen).size).toBe(60)
      await next.stop()
      await admin.disconnect()
      await queue.close()
      await driver.drop(place)
    })
  }
})
