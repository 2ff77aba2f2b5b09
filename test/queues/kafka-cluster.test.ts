import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import { partitionOf } from '../../queues/kafka-shared/murmur2.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { kafkaAddress } from '../../src/clients/kafka/address.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { PublishError, type Queue, type QueueDriver } from '../../src/core/contracts/queue.ts'
import { shownUrl } from '../../src/runner/servers/existing.ts'
import { LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'

const ROUNDS = 40
const PER_ROUND = 12
const KEYS = 60
const PARTITIONS = 6
const WAIT = { timeout: 60_000 }
const DEADLINE = { deadlineMs: 3_000 }

describeWithServer('kafka-cluster', (server) => {
  it('is three brokers with TLS and a login, whose password is in no line for people', () => {
    const { url, says, control } = server()
    expect(url).toMatch(/^kafka\+ssl:\/\/floodmark:\S+@127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\?/)
    expect(says).toMatch(/^Kafka 4.*3 brokers with TLS and SASL, replication 3, min\.insync\.replicas 2/)
    expect(control!.pids()).toHaveLength(3)
    const password = /:([^:@]+)@/.exec(url)![1]!
    expect(says).not.toContain(password)
    expect(shownUrl(url)).not.toContain(password)
  })

  for (const [name, driver] of Object.entries({ kafka, kafkajs })) {
    it(`${name}: what was accepted before, during and after the loss of a broker is delivered, in order`, async () => {
      const at = { url: server().url, namespace: `loss-${name}` }
      const queue = await driver.open(at)
      expect(queue.traits.survives).toEqual(['receiver-crash', 'broker-crash', 'power-loss', 'host-loss'])
      expect(queue.traits.server).toContain('replication 3, min.insync.replicas 2')
      const consumer = consumerOf(queue)
      const { seen } = consumer
      const accepted: number[] = []
      const publish = async (round: number) => {
        const events = numbered(round * PER_ROUND, PER_ROUND, (n) => `k${n % PER_ROUND}`)
        try {
          await queue.publish(events, LIMIT)
          accepted.push(...upTo(PER_ROUND).map((n) => round * PER_ROUND + n))
        } catch (error) {
          expect(error).toBeInstanceOf(PublishError)
          await sleep(systemClock, 200)
        }
      }
      for (const round of upTo(ROUNDS)) {
        if (round === 10) await server().control!.kill()
        await publish(round)
      }
      // With a broker away it goes on, and that without its coming back.
      let round = ROUNDS
      const before = accepted.length
      for (; accepted.length < before + 2 * PER_ROUND && round < 4 * ROUNDS; round++) await publish(round)
      expect(accepted.length).toBeGreaterThanOrEqual(before + 2 * PER_ROUND)
      await expect.poll(() => accepted.filter((n) => !seen.includes(n)), { timeout: 60_000 }).toEqual([])
      await server().control!.start()
      await publish(round)
      await expect.poll(() => accepted.filter((n) => !seen.includes(n)), { timeout: 60_000 }).toEqual([])
      await consumer.stop()
      for (const key of upTo(PER_ROUND)) {
        const first = [...new Set(seen.filter((n) => n % PER_ROUND === key))]
        expect(first).toEqual(first.toSorted((a, b) => a - b))
      }
      await queue.close()
      await driver.drop(at)
    }, 240_000)
  }

  async function makeTopic(topic: string, replicas: readonly number[][], config: Record<string, string>): Promise<void> {
    const { brokers, tls, sasl } = kafkaAddress(server().url)
    const { username, password } = sasl as { username: string; password: string }
    const client = new Kafka({
      brokers: [...brokers],
      ssl: { ca: tls!.ca! },
      sasl: { mechanism: 'plain', username, password },
      logLevel: logLevel.NOTHING,
    })
    const admin = client.admin()
    await admin.connect()
    const replicaAssignment = replicas.map((one, partition) => ({ partition, replicas: one }))
    const configEntries = Object.entries({ 'min.insync.replicas': '1', ...config }).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [{ topic, replicaAssignment, configEntries }], waitForLeaders: true })
    await admin.disconnect()
  }

  /** A driver at work on a topic whose partition 0 lies on the broker with that number alone. */
  async function onOneBroker(name: string, driver: QueueDriver, broker: number) {
    const at = { url: server().url, namespace: `one-${broker}-${name}` }
    const others = [1, 2, 3].filter((one) => one !== broker)
    await makeTopic(layoutOf(at).topic, upTo(PARTITIONS).map((partition) => [partition === 0 ? broker : others[partition % 2]!]), {})
    const queue = await driver.open(at)
    const consumers = [consumerOf(queue)]
    const queues = [queue]
    const isSeen = (n: number) => consumers.some(({ seen }) => seen.includes(n))
    let from = -KEYS
    const nextEvents = () => {
      from += KEYS
      return numbered(from, KEYS, (n) => `k${n % KEYS}`)
    }
    const wanted = (which: (n: number) => boolean) => upTo(KEYS).filter((n) => which(n) && !isSeen(from + n))
    const isCut = (n: number) => partitionOf(Buffer.from(`k${n % KEYS}`), PARTITIONS) === 0
    const publishAll = async (through: Queue) => {
      await expect.poll(() => succeeds(through.publish(nextEvents(), DEADLINE)), WAIT).toBe(true)
      await expect.poll(() => wanted(() => true), WAIT).toEqual([])
    }
    /** Publishes until nothing but what lies on partition 0 is refused, at once, and the rest is consumed. */
    const publishRest = async (through: Queue) => {
      const refused = async () => {
        const error = await through.publish(nextEvents(), DEADLINE).catch((reason: unknown) => reason)
        if (!(error instanceof PublishError)) return 'nothing'
        return error.definite && error.unsafe.every((one) => isCut(one)) ? 'the rest' : 'more'
      }
      await expect.poll(refused, WAIT).toBe('the rest')
      await expect.poll(() => wanted((n) => !isCut(n)), WAIT).toEqual([])
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

  it.each([
    // Each fault strikes the next broker, and two kills came before.
    { fault: 'killed', broker: 3, strike: 'kill', heal: 'start' },
    { fault: 'hung', broker: 1, strike: 'pause', heal: 'resume' },
  ] as const)(
    'the only leader of a partition is $fault: its events wait, others go on',
    async ({ broker, strike, heal }) => {
      const all = await Promise.all(
        Object.entries({ kafka, kafkajs }).map(([name, driver]) => onOneBroker(name, driver, broker)),
      )
      await server().control![strike]()
      try {
        await Promise.all(all.map((one) => one.goesOn()))
      } finally {
        await server().control![heal]()
      }
      await Promise.all(all.map((one) => one.heals()))
      await Promise.all(all.map((one) => one.end()))
    },
    240_000,
  )

  it('a leader without some of the events takes over: each consumer goes on in the log that is left', async () => {
    // The next fault strikes broker 2, the one after it broker 3, which leads.
    const all = await Promise.all(
      Object.entries({ kafka, kafkajs }).map(async ([name, driver]) => {
        const at = { url: server().url, namespace: `unclean-${name}` }
        await makeTopic(layoutOf(at).topic, [[3, 2]], { 'unclean.leader.election.enable': 'true' })
        const queue = await driver.open(at)
        expect(queue.traits.survives).toEqual(['receiver-crash'])
        const consumer = consumerOf(queue)
        const round = async (from: number) => {
          await expect.poll(() => succeeds(queue.publish(numbered(from, KEYS), DEADLINE)), WAIT).toBe(true)
          await expect.poll(() => upTo(KEYS, from).filter((n) => !consumer.seen.includes(n)), WAIT).toEqual([])
        }
        await round(0)
        return { at, driver, queue, consumer, round }
      }),
    )
    const control = server().control!
    await control.pause()
    await Promise.all(all.map(({ round }) => round(KEYS)))
    await control.kill()
    await control.resume()
    await Promise.all(all.map(({ round }) => round(2 * KEYS)))
    expect(all[0]!.consumer.told.filter((line) => line.includes('partition 0 of'))).not.toEqual([])
    await control.start()
    await Promise.all(all.map(({ round }) => round(3 * KEYS)))
    await Promise.all(
      all.map(async ({ at, driver, queue, consumer }) => {
        await consumer.stop()
        await queue.close()
        await driver.drop(at)
      }),
    )
  }, 240_000)
})
