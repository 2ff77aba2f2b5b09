import { describe, expect, it } from 'vitest'
import { Commits } from '../../queues/kafka-shared/commits.ts'
import { ANYWHERE, PartitionLanes } from '../../queues/kafka-shared/lanes.ts'
import { SettledRecords } from '../../queues/kafka-shared/settled.ts'
import { LastingTrouble } from '../../src/core/base/backoff.ts'
import { encode } from '../../src/core/base/codec.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { Delivery, Verdict } from '../../src/core/contracts/queue.ts'
import { numbersOf } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'

const LEASE_MS = 1_000
const records = (from: number, count: number, key = (n: number) => `k${n}`) =>
  Array.from({ length: count }, (_, at) => {
    return { offset: from + at, value: encode(anEvent(String(from + at), { key: key(from + at) })) }
  })

/** Lanes whose handler calls the test answers, in the order of the calls. */
function running(handlersMax = 2) {
  const clock = new VirtualClock()
  const lanes = new PartitionLanes(clock)
  const calls: { numbers: number[]; answer(verdicts: Verdict[]): Promise<void> }[] = []
  const stop = new AbortController()
  const handle = (batch: readonly Delivery[]) =>
    new Promise<Verdict[]>((resolve) => {
      const answer = (verdicts: Verdict[]) => {
        resolve(verdicts)
        return clock.advance(10)
      }
      calls.push({ numbers: numbersOf(batch), answer })
    })
  const done = lanes.consume(handle, { batchEventsMax: 8, handlersMax, leaseMs: LEASE_MS, signal: stop.signal })
  return { clock, lanes, calls, stop, done }
}

describe('the lanes of a consumer', () => {
  it('hands out no more bytes than asked for, but the first event whatever its size', async () => {
    const lanes = new PartitionLanes(new VirtualClock())
    const bytes = records(0, 1)[0]!.value.length
    lanes.assign(
      new Map([
        [0, 0],
        [1, 0],
      ]),
    )
    for (const partition of [0, 1]) lanes.add(partition, 0, records(0, 3), 3)
    const counts = (bytesMax: number) => lanes.take(8, bytesMax).map((part) => [part.events, part.bytes / bytes])
    expect(counts(2 * bytes)).toEqual([[2, 2]])
    expect(counts(1)).toEqual([[1, 1]])
  })

  it('fetches no further for a partition of which many small events wait', async () => {
    const lanes = new PartitionLanes(new VirtualClock())
    lanes.assign(new Map([[0, 0]]))
    lanes.add(0, 0, records(0, 4_095), 4_095)
    expect(lanes.wanted()).toHaveLength(1)
    lanes.add(0, 4_095, records(4_095, 1), 4_096)
    expect(lanes.wanted()).toHaveLength(0)
  })

  it('commits up to the first unacked event, and does not deliver acked events behind it again', async () => {
    const { clock, lanes, calls } = running()
    lanes.assign(new Map([[3, 10]]))
    lanes.add(3, 10, records(10, 4), 14)
    await clock.advance(10)
    await calls[0]!.answer(['ack', { retryInMs: 500 }, 'ack', 'ack'])
    expect(lanes.uncommitted()).toEqual([{ partition: 3, offset: 11 }])
    await clock.advance(480)
    expect(calls.length).toBe(1)
    await clock.advance(20)
    expect(calls[1]!.numbers).toEqual([11])
    await calls[1]!.answer(['ack'])
    expect(lanes.uncommitted()).toEqual([{ partition: 3, offset: 14 }])
  })

  it('delivers an acked event again when it stands behind a retry of its key', async () => {
    const { clock, lanes, calls } = running()
    lanes.assign(new Map([[0, 0]]))
    lanes.add(
      0,
      0,
      records(0, 3, () => 'one'),
      3,
    )
    await clock.advance(10)
    await calls[0]!.answer(['ack', { retryInMs: 0 }, 'ack'])
    expect(calls[1]!.numbers).toEqual([1, 2])
  })

  it('never has a partition in two calls, and ignores the verdict of an expired lease', async () => {
    const { clock, lanes, calls } = running()
    lanes.assign(new Map([[0, 0]]))
    lanes.add(0, 0, records(0, 1), 1)
    await clock.advance(10)
    lanes.add(0, 1, records(1, 1), 2)
    await clock.advance(LEASE_MS - 20)
    expect(calls.length).toBe(1)
    await clock.advance(20)
    expect(calls[1]!.numbers).toEqual([0, 1])
    await calls[0]!.answer(['ack'])
    expect(lanes.uncommitted()).toEqual([])
    await calls[1]!.answer(['ack', 'ack'])
    expect(lanes.uncommitted()).toEqual([{ partition: 0, offset: 2 }])
  })

  it('commits nothing for a partition that went away, even when it comes back', async () => {
    const { clock, lanes, calls } = running()
    lanes.assign(new Map([[0, 0]]))
    lanes.add(0, 0, records(0, 2), 2)
    await clock.advance(10)
    lanes.assign(new Map())
    lanes.assign(new Map([[0, 0]]))
    await calls[0]!.answer(['ack', 'ack'])
    expect(lanes.uncommitted()).toEqual([])
    lanes.add(0, 2, records(2, 1), 3)
    expect(lanes.wanted()).toMatchObject([{ partition: 0, next: 0 }])
  })

  it('takes no events while it is stopped, and tells when no handler runs', async () => {
    const { clock, lanes, calls } = running()
    lanes.assign(new Map([[0, 0]]))
    lanes.add(0, 0, records(0, 1), 1)
    await clock.advance(10)
    let stopped = false
    lanes.stop(60_000).then(() => {
      stopped = true
    })
    lanes.add(0, 1, records(1, 1), 2)
    await clock.advance(100)
    expect(stopped).toBe(false)
    await calls[0]!.answer(['ack'])
    expect(stopped).toBe(true)
    expect(calls.length).toBe(1)
    lanes.start()
    await clock.advance(10)
    expect(calls[1]!.numbers).toEqual([1])
  })

  it('skips known events when a client fetches from an earlier offset', async () => {
    const { clock, lanes, calls } = running()
    const held: number[] = []
    lanes.onHeld = (_, offset) => held.push(offset)
    lanes.assign(new Map([[0, ANYWHERE]]))
    lanes.add(0, 5, records(5, 2), 7)
    await clock.advance(10)
    await calls[0]!.answer(['ack', { retryInMs: 50 }])
    await clock.advance(1_000)
    expect({ held, calls: calls.length }).toEqual({ held: [6], calls: 1 })
    lanes.add(0, 6, records(6, 2), 8)
    await clock.advance(10)
    expect(calls[1]!.numbers).toEqual([6, 7])
  })
})

describe('settled records', () => {
  /** Lanes of which a test commits as it likes, and what was deleted. */
  function deleting(isRefused = false) {
    const clock = new VirtualClock()
    const lanes = new PartitionLanes(clock)
    const removed: string[] = []
    const told: unknown[] = []
    const settled = new SettledRecords({
      ...{ topic: 'a-topic', lanes, clock },
      onError: (error) => told.push(error),
      async remove(before) {
        removed.push(before.map(({ partition, offset }) => `${partition}<${offset}`).join())
        if (isRefused) throw new Error('TOPIC_AUTHORIZATION_FAILED')
      },
      isRefused: () => isRefused,
    })
    return { clock, lanes, removed, told, settled }
  }

  it('are deleted up to what was committed a while ago, and what is not settled never', async () => {
    const { clock, lanes, removed, settled } = deleting()
    lanes.assign(new Map([[0, 5]]))
    lanes.onCommitted(0, 7)
    void settled.run(new AbortController().signal)
    await clock.advance(10_000)
    expect(removed).toEqual([])
    lanes.onCommitted(0, 9)
    await clock.advance(10_000)
    expect(removed).toEqual(['0<7'])
    await clock.advance(60_000)
    expect(removed).toEqual(['0<7', '0<9'])
  })

  it('of a log that turned out to be another one are left alone', async () => {
    const { lanes, removed, settled } = deleting()
    lanes.assign(new Map([[0, 0]]))
    lanes.onCommitted(0, 900)
    await settled.look()
    lanes.restart(0, 700)
    await settled.look()
    expect(removed).toEqual([])
    await settled.look()
    expect(removed).toEqual(['0<700'])
  })

  it('are all deleted at the good end of a membership', async () => {
    const { lanes, removed, settled } = deleting()
    lanes.assign(
      new Map([
        [0, 0],
        [1, 3],
        [2, ANYWHERE],
      ]),
    )
    lanes.onCommitted(0, 2)
    await settled.look()
    lanes.onCommitted(1, 5)
    await settled.finish()
    expect(removed).toEqual(['0<2,1<5'])
  })

  it('of a log that nobody has looked into yet stay: what was committed may have been of another one', async () => {
    const { lanes, removed, settled } = deleting()
    lanes.assign(
      new Map([
        [0, 180],
        [1, 7],
      ]),
    )
    lanes.onCommitted(1, 9)
    await settled.finish()
    expect(removed).toEqual(['1<9'])
  })

  it('that cannot be committed are told of once, and are tried until they are', async () => {
    const clock = new VirtualClock()
    const lanes = new PartitionLanes(clock)
    const told: string[] = []
    const trouble = new LastingTrouble(clock, 'it', (error) => void told.push((error as Error).message))
    const sent: string[] = []
    let isRefused = true
    const commits = new Commits(lanes, clock, trouble, async (due) => {
      if (isRefused) throw new AggregateError([new Error('COORDINATOR_NOT_AVAILABLE')], 'it failed')
      sent.push(due.map(({ partition, offset }) => `${partition}<${offset}`).join())
    })
    lanes.assign(new Map([[0, 0]]))
    lanes.add(0, 0, [], 7)
    commits.soon()
    await clock.advance(60_000)
    expect(told).toEqual([
      expect.stringMatching(/^it for 10 s: COORDINATOR_NOT_AVAILABLE\. It is tried until it works$/),
    ])
    isRefused = false
    await clock.advance(1_000)
    expect(sent).toEqual(['0<7'])
    expect(told).toEqual([expect.anything(), expect.stringMatching(/that is over$/)])
  })

  it('that may not be deleted are told of once, and not tried again', async () => {
    const { clock, lanes, removed, told, settled } = deleting(true)
    lanes.assign(new Map([[0, 4]]))
    void settled.run(new AbortController().signal)
    await clock.advance(600_000)
    expect([removed.length, told.length]).toEqual([1, 1])
    expect(String(told[0])).toMatch(/settled records of a-topic cannot be deleted: .*Allow Delete on the topic/)
  })
})
