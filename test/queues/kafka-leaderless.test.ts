import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import { partitionOf } from '../../queues/kafka-shared/murmur2.ts'
import { kafkaAddress } from '../../src/clients/kafka/address.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'
import { LIMIT, numbered, numbersOf, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'

const KEYS = 60
const PARTITIONS = 6
const WAIT = { timeout: 60_000 }

describeWithServer('kafka-cluster', (server) => {
  /** Its partition 0 has one replica, on the broker that is struck first. */
  async function topicOfOneReplica(topic: string): Promise<void> {
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
    const replicaAssignment = upTo(PARTITIONS).map((partition) => ({
      partition,
      replicas: partition === 0 ? [1] : [2 + (partition % 2)],
    }))
    const configEntries = [{ name: 'min.insync.replicas', value: '1' }]
    await admin.createTopics({ topics: [{ topic, replicaAssignment, configEntries }], waitForLeaders: true })
    await admin.disconnect()
  }

  it('kafka: a partition without a leader costs its own events only, is told once, and heals', async () => {
    const at = { url: server().url, namespace: 'leaderless' }
    await topicOfOneReplica(layoutOf(at).topic)
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
