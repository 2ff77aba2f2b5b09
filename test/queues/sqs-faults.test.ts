import { expect, it } from 'vitest'
import sqs from '../../queues/sqs.ts'
import sqsFifo from '../../queues/sqs-fifo.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import type { PublishError, QueueDriver } from '../../src/core/contracts/queue.ts'
import { numbered, upTo } from '../contract/queue/kit.ts'
import { fullUnless } from '../needs.ts'
import { describeWithServer } from '../servers.ts'
import { faultySqs, type SqsFaults } from './faulty-sqs.ts'

const EVENTS = 120
const PUBLISH_EVENTS = 12
const KEYS = 6

const FAULTS: Record<string, SqsFaults> = {
  throttles: { callsPerS: 20 },
  'does all of that': { callsPerS: 80, halfFailed: 0.2, lostAnswers: 0.1, repeated: 0.2 },
  'half-fails batches': { halfFailed: 0.5 },
  'loses answers': { lostAnswers: 0.2 },
  'repeats deliveries': { repeated: 0.5 },
}

/** Publishes everything, until it was taken. */
async function publishAll(queue: Awaited<ReturnType<QueueDriver['open']>>): Promise<void> {
  for (let from = 0; from < EVENTS; from += PUBLISH_EVENTS) {
    let rest = numbered(from, PUBLISH_EVENTS, (n) => `k${n % KEYS}`)
    while (rest.length > 0) {
      try {
        await queue.publish(rest, { deadlineMs: 5_000 })
        rest = []
      } catch (error) {
        const { unsafe } = error as PublishError
        rest = rest.filter((_, at) => unsafe.includes(at))
        await sleep(systemClock, 20)
      }
    }
  }
}

describeWithServer('sqs', (server) => {
  it('an opening waits for its turn where SQS throttles, as when all processes of a service start at once', async () => {
    const fake = await faultySqs(server().url, { callsPerS: 4 })
    const queues = await Promise.all(upTo(3).map(() => sqsFifo.open({ url: fake.url, namespace: 'together' })))
    expect(fake.counts.throttled).toBeGreaterThan(0)
    await Promise.all(queues.map((queue) => queue.close()))
    await fake.close()
  })

  for (const [name, driver] of Object.entries({ sqs, 'sqs-fifo': sqsFifo })) {
    for (const [what, faults] of Object.entries(FAULTS)) {
      it(
        `${name} delivers all that it took, and empties its queue, when SQS ${what}`,
        fullUnless(driver === sqs && what === 'does all of that'),
        async () => {
          const fake = await faultySqs(server().url, faults)
          const namespace = `${name}-${Object.keys(FAULTS).indexOf(what)}`
          const open = async () => {
            // An opening whose answer is lost is tried again by whoever starts the service.
            for (;;) {
              const queue = await driver.open({ url: fake.url, namespace }).catch(() => undefined)
              if (queue) return queue
            }
          }
          const queue = await open()
          const seen = new Set<string>()
          const stop = new AbortController()
          const options = { batchEventsMax: 50, handlersMax: 2, leaseMs: 3_000, signal: stop.signal }
          try {
            const done = queue.consume(async (batch) => {
              for (const { event } of batch) seen.add(event.id)
              return batch.map(() => 'ack')
            }, options)
            await publishAll(queue)
            await expect.poll(() => seen.size).toBe(EVENTS)
            fake.heal()
            const left = async () => {
              const { waiting, inFlight } = await queue.depth()
              return waiting + inFlight
            }
            await expect.poll(left).toBe(0)
            stop.abort()
            await done
          } finally {
            stop.abort()
            await queue.close()
            await fake.close()
          }
          expect([...seen].sort()).toEqual(
            upTo(EVENTS)
              .map((n) => `test:${n}`)
              .sort(),
          )
          const { calls, ...struck } = fake.counts
          expect(
            Object.values(struck).some((count) => count > 0),
            JSON.stringify({ calls, ...struck }),
          ).toBe(true)
        },
      )
    }
  }
})
