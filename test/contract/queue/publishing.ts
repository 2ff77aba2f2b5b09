import { expect } from 'vitest'
import { EVENT_LIMITS } from '../../../src/core/contracts/event.ts'
import { PublishError } from '../../../src/core/contracts/queue.ts'
import { anEvent } from '../../events.ts'
import { acking, type Behaviours, expectOrderByKey, inOrder, LIMIT, numbered, numberOf, upTo } from './kit.ts'

export const publishing: Behaviours = {
  'still has every event whose publish had resolved when its process was killed': async (subject) => {
    const probe = await subject.open()
    subject.needs(probe.traits.survives.includes('receiver-crash'), 'nothing outlives its process')
    await probe.close()
    const safe = await subject.killedChild('publish', (numbers) => numbers.length >= 50)
    const seen = await subject.drain(await subject.open(), safe)
    expect(seen).toEqual(expect.arrayContaining(safe))
  },

  "refuses what is above its size limit as 'too-large', and takes nothing as nothing": async (subject) => {
    const queue = await subject.open()
    const body = Buffer.alloc(Math.min(EVENT_LIMITS.bodyBytesMax, queue.traits.publishBytesMax))
    const refusal = { code: 'too-large', definite: true, unsafe: [0] }
    await expect(queue.publish([anEvent('1', { body })], LIMIT)).rejects.toMatchObject(refusal)
    await queue.publish([], LIMIT)
    await queue.publish(numbered(2, 1), LIMIT)
    expect(await subject.drain(queue, [2])).toEqual([2])
  },

  'says by position which events of a publish are not safe, and has the others': async (subject) => {
    const queue = await subject.open()
    const body = Buffer.alloc(Math.min(EVENT_LIMITS.bodyBytesMax, queue.traits.publishBytesMax))
    const events = upTo(3).map((n) => anEvent(String(n), n === 1 ? { body } : {}))
    const error = await queue.publish(events, LIMIT).catch((reason) => reason)
    expect(error).toBeInstanceOf(PublishError)
    const { unsafe, definite } = error as PublishError
    expect(unsafe).toContain(1)
    await queue.publish(numbered(3, 1), LIMIT)
    const safe = [...upTo(3).filter((n) => !unsafe.includes(n)), 3]
    const seen = await subject.drain(queue, safe)
    if (definite) expect(inOrder(seen)).toEqual(safe)
  },

  "refuses as 'overloaded' when full, for certain, and takes events again after acks": async (subject) => {
    const queue = await subject.open({ bytesMax: 1_000 })
    subject.needs(!queue.traits.shared, 'its bound is the server’s')
    const big = [anEvent('1', { body: Buffer.alloc(600) })]
    await queue.publish(big, LIMIT)
    await expect(queue.publish(big, LIMIT)).rejects.toMatchObject({ code: 'overloaded', definite: true, unsafe: [0] })
    const seen: number[] = []
    await subject.consume(queue, acking(seen), 'the first is acked', () => seen.length === 1)
    await queue.publish(big, LIMIT)
    expect((await queue.depth()).waiting).toBe(1)
    subject.measured("refuses as 'overloaded' at its bound, and takes events again after acks")
  },

  "refuses as 'overloaded' when its server is full, drains what it took, and takes events again": async (subject) => {
    const { url, end } = await subject.needs(subject.target.fill, 'its server cannot be made full here')()
    try {
      const queue = await subject.open(url === undefined ? {} : { url })
      const taken: number[] = []
      let refusal: PublishError | undefined
      const offered = (from: number) =>
        upTo(20, from).map((n) => anEvent(String(n), { key: `k${n}`, body: Buffer.alloc(1_000) }))
      let from = 0
      for (; !refusal; from += 20) {
        refusal = await queue.publish(offered(from), LIMIT).then(
          () => undefined,
          (error: PublishError) => error,
        )
        taken.push(...upTo(20, from).filter((_, at) => !refusal?.unsafe.includes(at)))
      }
      expect(refusal.code).toBe('overloaded')
      const seen = new Set(await subject.drain(queue, taken))
      expect(taken.filter((n) => !seen.has(n))).toEqual([])
      const takes = () =>
        queue.publish(numbered(from, 1), LIMIT).then(
          () => true,
          () => false,
        )
      await subject.until('it takes events again', takes)
      const certain = refusal.definite ? 'for certain, ' : ''
      subject.measured(
        `refuses as 'overloaded', ${certain}after ${taken.length} events; drains, and takes events again`,
      )
    } finally {
      await end()
    }
  },

  'delivers in order all that it took, where far more waits than it may hold in memory': async (subject) => {
    const queue = await subject.open({ memoryBytesMax: 100_000 })
    const taken: number[] = []
    for (const from of upTo(60)) {
      const events = numbered(from * 20, 20)
      const refusal = await queue.publish(events, LIMIT).catch((error) => error)
      if (refusal) expect(refusal).toMatchObject({ code: 'overloaded', definite: true })
      else taken.push(...events.map(numberOf))
    }
    expect(taken.length).toBeGreaterThanOrEqual(1)
    const seen = await subject.drain(queue, taken)
    expect(inOrder(new Set(seen))).toEqual(taken)
    if (queue.traits.order !== 'none') expectOrderByKey(seen)
    await queue.publish(numbered(1_200, 1), LIMIT)
    expect(await subject.drain(queue, [1_200])).toEqual([1_200])
  },

  'refuses to publish once it is closed, and loses nothing by it': async (subject) => {
    const first = await subject.open()
    await first.publish(numbered(0, 3), LIMIT)
    await Promise.all([first.close(), first.close()])
    await first.close()
    await expect(first.publish(numbered(3, 1), LIMIT)).rejects.toMatchObject({ code: 'unavailable' })
    if (!first.traits.survives.includes('receiver-crash')) return
    expect(inOrder(await subject.drain(await subject.open(), upTo(3)))).toEqual(upTo(3))
  },
}
