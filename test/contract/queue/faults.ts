import { expect } from 'vitest'
import { sleep, systemClock } from '../../../src/core/contracts/clock.ts'
import type { Handler } from '../../../src/core/contracts/queue.ts'
import type { LinkMode } from '../../../src/runner/faults/victim.ts'
import { type Behaviours, LIMIT, numbered, numbersOf, SHORT_LEASE_MS, type Subject, upTo } from './kit.ts'

/** A fault lasts so many ms: longer than the publisher's deadline and the short lease. */
const FAULT_MS = 3_000
const NO_SERVER = 'it has no server to break'
const NO_PROXY = 'it is not reached through a proxy'

/** Publishes and consumes through the proxy while its mode changes for a while. Then expects both to work again. */
async function outlives(subject: Subject, mode: LinkMode): Promise<void> {
  const proxy = subject.needs(subject.target.proxy, NO_PROXY)
  const queue = await subject.open({ url: proxy.url })
  const seen = new Set<number>()
  const handle: Handler = async (batch) => {
    for (const n of numbersOf(batch)) seen.add(n)
    return batch.map(() => 'ack')
  }
  const consumer = subject.consumer(queue, handle, { leaseMs: SHORT_LEASE_MS * 2 })
  const publisher = subject.publisher(queue)
  try {
    await subject.until('it works', () => seen.size > 20)
    await proxy.set(mode)
    if (mode === 'refuse') proxy.cut()
    await sleep(systemClock, FAULT_MS)
  } finally {
    await proxy.set('pass')
  }
  const before = publisher.safe.size
  await subject.until('publishes resolve again', () => publisher.safe.size > before + 20)
  await publisher.stop()
  await subject.until('every resolved publish is delivered', () => publisher.safe.isSubsetOf(seen))
  await consumer.stop()
}

export const faults: Behaviours = {
  'delivers every resolved publish although the broker is killed and started again, where it says so': async (
    subject,
  ) => {
    const server = subject.needs(subject.target.server, NO_SERVER)
    const queue = await subject.open()
    const publisher = subject.publisher(queue)
    await subject.until('it takes events', () => publisher.safe.size > 50)
    await server.kill()
    let before: ReadonlySet<number>
    try {
      await sleep(systemClock, FAULT_MS / 3)
      // Not sooner: answers of the killed server may still be under way when it has ended.
      before = new Set(publisher.safe)
    } finally {
      await server.start()
    }
    await subject.until('publishes resolve again', () => publisher.safe.size > before.size + 20)
    await publisher.stop()
    const survives = queue.traits.survives.includes('broker-crash')
    await subject.drain(queue, survives ? publisher.safe : publisher.safe.difference(before))
  },

  'goes on consuming after the broker was killed and started again': async (subject) => {
    const server = subject.needs(subject.target.server, NO_SERVER)
    const queue = await subject.open()
    const seen = new Set<number>()
    const handle: Handler = async (batch) => {
      for (const n of numbersOf(batch)) seen.add(n)
      return batch.map(() => 'ack')
    }
    const consumer = subject.consumer(queue, handle, { leaseMs: SHORT_LEASE_MS * 2 })
    await queue.publish(numbered(0, 5), LIMIT)
    await subject.until('it consumes', () => seen.size === 5)
    await server.kill()
    await server.start()
    const publisher = subject.publisher(queue, 100)
    await subject.until('it publishes again', () => publisher.safe.size > 20)
    await publisher.stop()
    await subject.until('it consumes again', () => publisher.safe.isSubsetOf(seen))
    await consumer.stop()
  },

  'loses nothing when the broker stands still for longer than a lease': async (subject) => {
    const server = subject.needs(subject.target.server, NO_SERVER)
    const queue = await subject.open()
    const seen = new Set<number>()
    const handle: Handler = async (batch) => {
      await sleep(systemClock, 50)
      for (const n of numbersOf(batch)) seen.add(n)
      return batch.map(() => 'ack')
    }
    const consumer = subject.consumer(queue, handle, { leaseMs: SHORT_LEASE_MS })
    const publisher = subject.publisher(queue)
    try {
      await subject.until('it works', () => seen.size > 20)
      server.pause()
      await sleep(systemClock, FAULT_MS)
    } finally {
      server.resume()
    }
    const before = publisher.safe.size
    await subject.until('publishes resolve again', () => publisher.safe.size > before + 20)
    await publisher.stop()
    await subject.until('every resolved publish is delivered', () => publisher.safe.isSubsetOf(seen))
    await consumer.stop()
  },

  'loses nothing when its connections are cut and refused for a while': (subject) => outlives(subject, 'refuse'),
  'loses nothing when its connections fall silent': (subject) => outlives(subject, 'blackhole'),
  'loses nothing when its connections are half-open and its requests vanish': (subject) =>
    outlives(subject, 'drop-requests'),
  'loses nothing when its connections are half-open and the answers vanish': (subject) =>
    outlives(subject, 'drop-replies'),

  'keeps its deadline on a silent connection, says that the event may be there, and recovers': async (subject) => {
    const proxy = subject.needs(subject.target.proxy, NO_PROXY)
    const queue = await subject.open({ url: proxy.url })
    await queue.publish(numbered(0, 1), LIMIT)
    const atMs = performance.now()
    try {
      await proxy.set('blackhole')
      const publishing = queue.publish(numbered(1, 2), { deadlineMs: 1_000 })
      await expect(publishing).rejects.toMatchObject({ name: 'PublishError', definite: false, unsafe: [0, 1] })
    } finally {
      await proxy.set('pass')
    }
    expect(performance.now() - atMs).toBeLessThan(15_000)
    const publisher = subject.publisher(queue, 10)
    await subject.until('publishes resolve again', () => publisher.safe.size > 5)
    await publisher.stop()
    await subject.drain(queue, [0, ...publisher.safe])
  },

  'says that an event may be there when only the answer was lost, and has it once it is published again': async (
    subject,
  ) => {
    const proxy = subject.needs(subject.target.proxy, NO_PROXY)
    const queue = await subject.open({ url: proxy.url })
    await queue.publish(numbered(0, 1), LIMIT)
    try {
      await proxy.set('drop-replies')
      const publishing = queue.publish(numbered(1, 4), { deadlineMs: 1_000 })
      await expect(publishing).rejects.toMatchObject({ name: 'PublishError', definite: false, unsafe: upTo(4) })
    } finally {
      await proxy.set('pass')
    }
    let again = false
    const retry = () =>
      queue.publish(numbered(1, 4), { deadlineMs: 2_000 }).then(
        () => true,
        () => false,
      )
    await subject.until('the second publish resolves', async () => {
      again ||= await retry()
      return again
    })
    await subject.drain(queue, upTo(5))
  },
}
