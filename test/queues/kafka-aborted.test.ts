import { expect, it } from 'vitest'
import { abortedIn } from '../../queues/kafka/aborted.ts'

const [TRANSACTIONAL, MARKER] = [1 << 4, (1 << 4) | (1 << 5)]
const batch = (first: number, count: number, attributes: number, producerId: bigint) => {
  return { firstOffset: BigInt(first), lastOffsetDelta: count - 1, attributes, producerId }
}
/** The first offsets of the batches that are left. */
const left = (aborted: Parameters<typeof abortedIn>[0], batches: readonly ReturnType<typeof batch>[]) => {
  const isAborted = abortedIn(aborted)
  return batches.filter((one) => !isAborted(one)).map(({ firstOffset }) => Number(firstOffset))
}

it('leaves out what a producer took back, and nothing of others, nor of its next transaction', () => {
  const batches = [
    batch(0, 2, 0, -1n),
    batch(2, 1, TRANSACTIONAL, 7n),
    batch(3, 1, TRANSACTIONAL, 8n),
    batch(4, 2, TRANSACTIONAL, 7n),
    batch(6, 1, MARKER, 7n),
    batch(7, 1, TRANSACTIONAL, 7n),
    batch(8, 1, MARKER, 8n),
    batch(9, 1, MARKER, 7n),
    batch(10, 1, TRANSACTIONAL, 7n),
  ]
  const aborted = [
    { producerId: 7n, firstOffset: 10n },
    { producerId: 7n, firstOffset: 2n },
  ]
  expect(left(aborted, batches)).toEqual([0, 3, 6, 7, 8, 9])
  expect(left(null, batches)).toHaveLength(batches.length)
})

it('heeds a marker without records of its own, and records whose beginning came with an earlier fetch', () => {
  const batches = [
    batch(5, 1, MARKER, 9n),
    batch(6, 1, TRANSACTIONAL, 7n),
    batch(7, 1, MARKER, 7n),
    batch(8, 1, 0, -1n),
  ]
  expect(left([{ producerId: 7n, firstOffset: 2n }], batches)).toEqual([5, 7, 8])
})
