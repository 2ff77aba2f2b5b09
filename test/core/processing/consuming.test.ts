import { describe, expect, it } from 'vitest'
import memoryLedger from '../../../ledgers/memory.ts'
import memoryQueue from '../../../queues/memory.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { startProcessor } from '../../../src/core/processing/processor.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import { anEvent } from '../../events.ts'

/** A processor on a queue whose consumer ends by itself the first `ends` times. */
async function on(ends: number) {
  const clock = new VirtualClock()
  const opened = { url: '', namespace: 'test', clock }
  const queue = await memoryQueue.open(opened)
  const ledger = await memoryLedger.open(opened)
  const errors: unknown[] = []
  let begun = 0
  const endingQueue: Queue = {
    traits: queue.traits,
    publish: (events, options) => queue.publish(events, options),
    consume: async (handle, options) => {
      if (++begun <= ends) throw new FloodmarkError('unavailable', 'the broker is gone')
      return queue.consume(handle, options)
    },
    probe: () => queue.probe(),
    depth: () => queue.depth(),
    close: () => queue.close(),
  }
  const stopping = new AbortController()
  const processor = startProcessor({
    ...SERVICE_DEFAULTS,
    queue: endingQueue,
    ledger,
    effect: () => {},
    clock,
    random: seeded(1),
    signal: stopping.signal,
    onError: (error) => errors.push(error),
  })
  const end = async () => {
    stopping.abort()
    await clock.advance(60_000)
    await processor.done
  }
  return { clock, queue, processor, errors, end, begun: () => begun }
}

describe('a consumer that ends although nobody stopped it', () => {
  it('is begun again; ends for the same reason are told once', async () => {
    const { clock, queue, processor, errors, end } = await on(3)
    await queue.publish([anEvent('1')], { deadlineMs: 1_000 })
    await clock.advance(60_000)
    expect(processor.counts).toMatchObject({ applied: 1, consumersEnded: 3, isConsuming: true })
    expect(errors.map(String)).toEqual([
      expect.stringMatching(
        /the queue's consumer ended: the broker is gone\. It is begun again within 30 s, as often as needed$/,
      ),
    ])
    await end()
  })

  it('is waited for however long that takes, ever less often', async () => {
    const { clock, processor, begun, end } = await on(Number.POSITIVE_INFINITY)
    await clock.advance(3_600_000)
    expect(processor.counts.isConsuming).toBe(false)
    expect(begun()).toBeGreaterThan(120)
    expect(begun()).toBeLessThan(480)
    await end()
  })

  it('is not begun again once the service stops', async () => {
    const { clock, begun, end } = await on(1)
    await end()
    const before = begun()
    await clock.advance(3_600_000)
    expect(begun()).toBe(before)
  })
})
