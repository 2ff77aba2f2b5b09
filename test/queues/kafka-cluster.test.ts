import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { shownPlace } from '../../src/core/base/kit/address.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'
import { LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'
import { makeTopic, onOneBroker } from './kafka-one-broker.ts'

const ROUNDS = 40
const PER_ROUND = 12
const KEYS = 60
const WAIT = { timeout: 60_000 }
const DEADLINE = { deadlineMs: 3_000 }

/** A group whose members all end before another leader takes over, and that knows of it only by what it has committed. */
async function asleepMeanwhile(url: string) {
  const at = { url, namespace: 'unclean-asleep' }
  await makeTopic(at, [[2, 1]], { 'unclean.leader.election.enable': 'true' })
  const queue = await kafka.open(at)
  const publish = (from: number) =>
    expect.poll(() => succeeds(queue.publish(numbered(from, KEYS), DEADLINE)), WAIT).toBe(true)
  const takes = async (from: number, rounds: number) => {
    const consumer = consumerOf(queue)
    const missing = () => upTo(rounds * KEYS, from).filter((n) => !consumer.seen.includes(n))
    await expect.poll(missing, WAIT).toEqual([])
    return consumer
  }
  await publish(0)
  return {
    /** With the follower away. */
    async sleep() {
      for (const round of [1, 2]) await publish(round * KEYS)
      const consumer = await takes(0, 3)
      await expect.poll(() => queue.depth().catch(() => undefined), WAIT).toMatchObject({ waiting: 0, inFlight: 0 })
      await consumer.stop()
    },
    /** The log that is left grows beyond what is committed before anybody looks. */
    async wake() {
      for (const round of [3, 4, 5]) await publish(round * KEYS)
      const consumer = await takes(3 * KEYS, 3)
      expect(consumer.told.filter((line) => line.includes('partition 0 of'))).toHaveLength(1)
      await consumer.stop()
      await queue.close()
      await kafka.drop(at)
    },
  }
}

describeWithServer('kafka-cluster', (server) => {
  it('is three brokers with TLS and a login, whose password is in no line for people', () => {
    const { url, says, control } = server()
    expect(url).toMatch(/^kafka\+ssl:\/\/floodmark:\S+@127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\?/)
    expect(says).toMatch(/^Kafka 4.*3 brokers with TLS and SASL, replication 3, min\.insync\.replicas 2/)
    expect(control!.pids()).toHaveLength(3)
    const password = /:([^:@]+)@/.exec(url)![1]!
    expect(says).not.toContain(password)
    expect(shownPlace(url)).not.toContain(password)
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
    })
  }

  it('the only leader of a partition is killed: its events wait, others go on', async () => {
    // Each kill strikes the next broker, and two came before.
    const all = await Promise.all(
      Object.entries({ kafka, kafkajs }).map(([name, driver]) => {
        return onOneBroker(driver, { url: server().url, namespace: `one-${name}` }, 3)
      }),
    )
    await server().control!.kill()
    await Promise.all(all.map((one) => one.goesOn()))
    await server().control!.start()
    await Promise.all(all.map((one) => one.heals()))
    await Promise.all(all.map((one) => one.end()))
  })

  it('a leader without some of the events takes over: each consumer goes on in the log that is left', async () => {
    // The next fault strikes broker 1, the one after it broker 2, which leads.
    const all = await Promise.all(
      Object.entries({ kafka, kafkajs }).map(async ([name, driver]) => {
        const at = { url: server().url, namespace: `unclean-${name}` }
        await makeTopic(at, [[2, 1]], { 'unclean.leader.election.enable': 'true' })
        const queue = await driver.open(at)
        expect(queue.traits.survives).toEqual(['receiver-crash'])
        const consumer = consumerOf(queue)
        const missing = (from: number) => upTo(KEYS, from).filter((n) => !consumer.seen.includes(n))
        const publish = (from: number) => succeeds(queue.publish(numbered(from, KEYS), DEADLINE))
        const round = async (from: number) => {
          await expect.poll(() => publish(from), WAIT).toBe(true)
          await expect.poll(() => missing(from), WAIT).toEqual([])
        }
        // kafkajs passes over what the log that is left takes in before it has come to that log: by nothing can it see it.
        const goesOn = async (from: number) => {
          await expect
            .poll(async () => (await publish(from)) && missing(from), { ...WAIT, interval: 2_000 })
            .toEqual([])
        }
        const settled = async () => {
          await expect.poll(() => queue.depth().catch(() => undefined), WAIT).toMatchObject({ waiting: 0, inFlight: 0 })
        }
        await round(0)
        return { at, driver, queue, consumer, round, settled, goesOn: name === 'kafka' ? round : goesOn }
      }),
    )
    const asleep = await asleepMeanwhile(server().url)
    const control = server().control!
    await control.pause()
    await asleep.sleep()
    // The follower had asked for more by then, and may still read the first of these. It has none of the second ones.
    await Promise.all(all.map(({ round }) => round(KEYS)))
    await Promise.all(all.map(({ round }) => round(2 * KEYS)))
    await Promise.all(all.map(({ settled }) => settled()))
    await control.kill()
    await control.resume()
    const places = () => all[0]!.consumer.told.filter((line) => line.includes('partition 0 of'))
    await expect.poll(places, WAIT).not.toEqual([])
    await Promise.all(all.map(({ goesOn }) => goesOn(3 * KEYS)))
    await asleep.wake()
    await control.start()
    await Promise.all(all.map(({ round }) => round(4 * KEYS)))
    await Promise.all(
      all.map(async ({ at, driver, queue, consumer }) => {
        await consumer.stop()
        await queue.close()
        await driver.drop(at)
      }),
    )
  })
})
