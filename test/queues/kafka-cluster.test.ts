import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import { partitionOf } from '../../queues/kafka-shared/murmur2.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { kafkaAddress } from '../../src/clients/kafka/address.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'
import { shownUrl } from '../../src/runner/servers/existing.ts'
import { LIMIT, numbered, numbersOf, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'

const ROUNDS = 40
const PER_ROUND = 12
const KEYS = 60
/** Each kill strikes the next broker, and two came before. */
const THIRD = 3
const PARTITIONS = 6
const WAIT = { timeout: 60_000 }

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
      const seen: number[] = []
      const stop = new AbortController()
      const consuming = queue.consume(
        async (batch) => {
          seen.push(...numbersOf(batch))
          return batch.map(() => 'ack')
        },
        { batchEventsMax: 32, handlersMax: 4, leaseMs: 30_000, signal: stop.signal },
      )
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
      stop.abort()
      await consuming
      for (const key of upTo(PER_ROUND)) {
        const first = [...new Set(seen.filter((n) => n % PER_ROUND === key))]
        expect(first).toEqual(first.toSorted((a, b) => a - b))
      }
      await queue.close()
      await driver.drop(at)
    }, 240_000)
  }

  /** Every partition has one replica; only partition 0 lies on the broker with that number. */
  async function topicOfOneReplica(topic: string, broker: number): Promise<void> {
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
    const others = [1, 2, 3].filter((one) => one !== broker)
    const replicaAssignment = upTo(PARTITIONS).map((partition) => ({
      partition,
      replicas: [partition === 0 ? broker : others[partition % 2]!],
    }))
    const configEntries = [{ name: 'min.insync.replicas', value: '1' }]
    await admin.createTopics({ topics: [{ topic, replicaAssignment, configEntries }], waitForLeaders: true })
    await admin.disconnect()
  }

  it('kafka: a partition whose only leader is killed: its events wait, others go on', async () => {
    const at = { url: server().url, namespace: 'leaderless' }
    await topicOfOneReplica(layoutOf(at).topic, THIRD)
    const queue = await kafka.open(at)
    const seen = new Set<number>()
    const told: string[] = []
    const stop = new AbortController()
    const consume = (from: typeof queue) =>
      from.consume(
        async (batch) => {
          for (const one of numbersOf(batch)) seen.add(one)
          return batch.map(() => 'ack')
        },
        {
          batchEventsMax: 32,
          handlersMax: 4,
          leaseMs: 30_000,
          signal: stop.signal,
          onError: (error) => void told.push((error as Error).message),
        },
      )
    const running = [consume(queue)]
    const events = (from: number) => numbered(from, KEYS, (n) => `k${n % KEYS}`)
    const isCut = (n: number) => partitionOf(Buffer.from(`k${n % KEYS}`), PARTITIONS) === 0
    await queue.publish(events(0), LIMIT)
    await expect.poll(() => seen.size, WAIT).toBe(KEYS)
    await server().control!.kill()
    /** Publishes until nothing but what lies on partition 0 is refused. */
    const healthyStored = async (from: number, through: typeof queue) => {
      const error: unknown = await through.publish(events(from), LIMIT).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!(error instanceof PublishError)) return false
      return error.unsafe.every((one) => isCut(from + one))
    }
    let from = KEYS
    const next = () => {
      from += KEYS
      return from
    }
    await expect.poll(() => healthyStored(next(), queue), WAIT).toBe(true)
    const healthy = upTo(KEYS).filter((one) => !isCut(one))
    await expect.poll(() => healthy.every((one) => seen.has(from + one)), WAIT).toBe(true)
    const waiting = () =>
      queue.depth().then(
        ({ waiting }) => waiting,
        () => Number.POSITIVE_INFINITY,
      )
    await expect.poll(waiting, WAIT).toBeLessThan(KEYS)
    await expect.poll(() => told.filter((line) => line.includes('partition 0')).length, WAIT).toBe(1)
    // A service that starts meanwhile works too.
    const later = await kafka.open(at)
    running.push(consume(later))
    await expect.poll(() => healthyStored(next(), later), WAIT).toBe(true)
    await expect.poll(() => healthy.every((one) => seen.has(from + one)), WAIT).toBe(true)
    await server().control!.start()
    const last = next()
    await expect
      .poll(
        () =>
          queue.publish(events(last), LIMIT).then(
            () => true,
            () => false,
          ),
        WAIT,
      )
      .toBe(true)
    await expect.poll(() => upTo(KEYS).every((one) => seen.has(last + one)), WAIT).toBe(true)
    stop.abort()
    await Promise.all(running)
    await Promise.all([queue.close(), later.close()])
    await kafka.drop(at)
  }, 240_000)
})
