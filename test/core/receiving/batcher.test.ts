import { describe, expect, it } from 'vitest'
import { encodedBytes } from '../../../src/core/base/codec.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import { PublishError } from '../../../src/core/contracts/queue.ts'
import { type BatcherOptions, createBatcher } from '../../../src/core/receiving/batcher.ts'
import { anEvent } from '../../events.ts'

const EVENT_BYTES = encodedBytes(anEvent('1'))

/** A batcher over a queue that takes four events at a time and settles each publish when told to. */
function made(options: Partial<BatcherOptions> = {}) {
  const clock = new VirtualClock()
  const publishes: { ids: string[]; settle: (error?: unknown) => void }[] = []
  const queue = {
    traits: { publishEventsMax: 4, publishBytesMax: 1_000 } as BatcherOptions['queue']['traits'],
    publish: (events: readonly WebhookEvent[]) =>
      new Promise<void>((resolve, reject) => {
        const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
        publishes.push({ ids: events.map(({ id }) => id.slice(5)), settle })
      }),
  }
  const limits = { lingerMs: 0, publishesMax: 1, waitingBytesMax: 100_000, deadlineMs: 1_000 }
  const batcher = createBatcher({ queue, clock, ...limits, ...options })
  const publish = (...ids: string[]) => ids.map((id) => batcher.publish(anEvent(id)))
  return { batcher, clock, publishes, publish, ids: () => publishes.map((one) => one.ids.join('')) }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the batcher', () => {
  it('sends what comes in one turn of the loop together, and the next batch grows while publishes are under way', async () => {
    const { publish, publishes, ids } = made()
    publish('1', '2')
    await turn()
    publish('3')
    await turn()
    publish('4')
    await turn()
    expect(ids()).toEqual(['12'])
    publishes[0]!.settle()
    await turn()
    await turn()
    expect(ids()).toEqual(['12', '34'])
  })

  it('never goes beyond what the queue takes in one publish, in events and in bytes, and keeps the order', async () => {
    const { batcher, publish, ids } = made({ publishesMax: 9 })
    publish('1', '2', '3', '4', '5')
    batcher.publish(anEvent('6', { body: Buffer.alloc(950) }))
    publish('7')
    await turn()
    expect(ids()).toEqual(['1234', '5', '6', '7'])
  })

  it('fails those alone that are not safe, and all when the failure does not say', async () => {
    const { publish, publishes } = made()
    const first = publish('1', '2', '3')
    await turn()
    publishes[0]!.settle(new PublishError('unavailable', 'gone', { unsafe: [1], definite: true }))
    expect((await Promise.allSettled(first)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    const second = publish('4', '5')
    await turn()
    await turn()
    publishes[1]!.settle(new Error('no word of positions'))
    expect((await Promise.allSettled(second)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('lets the first of a batch wait for company as long as it may linger, but a full batch not at all', async () => {
    const { publish, clock, ids } = made({ lingerMs: 20, publishesMax: 9 })
    publish('1')
    await clock.advance(10)
    publish('2')
    await clock.advance(9)
    expect(ids()).toEqual([])
    await clock.advance(1)
    expect(ids()).toEqual(['12'])
    publish('3', '4', '5', '6')
    await turn()
    expect(ids()).toEqual(['12', '3456'])
    await clock.advance(100)
    expect(ids()).toEqual(['12', '3456'])
  })

  it("refuses as 'overloaded' beyond the bytes that may wait, until some are settled", async () => {
    const { batcher, publish, publishes } = made({ waitingBytesMax: 2 * EVENT_BYTES })
    const first = publish('1', '2')
    await expect(batcher.publish(anEvent('3'))).rejects.toMatchObject({
      code: 'overloaded',
      definite: true,
      reason: 'busy',
    })
    await turn()
    publishes[0]!.settle(new PublishError('unavailable', 'gone', { unsafe: [0, 1], definite: false }))
    await Promise.allSettled(first)
    publish('4')
    await turn()
    expect(publishes.at(-1)!.ids).toEqual(['4'])
  })

  it('takes an event that is larger than all that may wait, when nothing else waits', async () => {
    const { batcher, publishes } = made({ waitingBytesMax: EVENT_BYTES - 1 })
    void batcher.publish(anEvent('1'))
    await expect(batcher.publish(anEvent('2'))).rejects.toMatchObject({ code: 'overloaded' })
    await turn()
    expect(publishes.map(({ ids }) => ids)).toEqual([['1']])
  })

  it("refuses an event that no publish can take as 'too-large'", async () => {
    const { batcher, publishes } = made()
    const large = batcher.publish(anEvent('1', { body: Buffer.alloc(1_000) }))
    await expect(large).rejects.toMatchObject({ code: 'too-large', definite: true })
    await turn()
    expect(publishes).toEqual([])
  })

  it('flushes: what is collected is sent, lingering or not, and waited for', async () => {
    const { batcher, publish, publishes, ids } = made({ lingerMs: 1_000 })
    publish('1', '2', '3', '4', '5')
    let flushed = false
    const flushing = batcher.flush().then(() => {
      flushed = true
    })
    await turn()
    expect(ids()).toEqual(['1234'])
    publishes[0]!.settle()
    await turn()
    await turn()
    expect(ids()).toEqual(['1234', '5'])
    expect(flushed).toBe(false)
    publishes[1]!.settle()
    await flushing
  })
})
