import { expect, it } from 'vitest'
import kafka from '../../queues/kafka.ts'
import kafkajs from '../../queues/kafkajs.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'
import { shownUrl } from '../../src/runner/servers/existing.ts'
import { LIMIT, numbered, numbersOf, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'

const ROUNDS = 40
const PER_ROUND = 12

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
})
