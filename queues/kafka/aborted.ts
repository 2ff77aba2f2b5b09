/** Bits of a batch's attributes. */
export const IS_CONTROL = 1 << 5
const IS_TRANSACTIONAL = 1 << 4

interface FetchedBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly producerId: bigint
}

interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * Whether a batch is of a transaction that its producer took back, to be asked of the batches of one fetch in their order. A broker
 * sends those too, and says where they begin. Others may write to a topic that somebody named.
 */
export function abortedIn(aborted: readonly Aborted[] | null): (batch: FetchedBatch) => boolean {
  const toCome = (aborted ?? []).toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const open = new Set<bigint>()
  return ({ firstOffset, lastOffsetDelta, attributes, producerId }) => {
    const last = firstOffset + BigInt(lastOffsetDelta)
    while (toCome[0] !== undefined && toCome[0].firstOffset <= last) open.add(toCome.shift()!.producerId)
    // A marker ends its producer's transaction.
    if (attributes & IS_CONTROL) open.delete(producerId)
    return (attributes & IS_TRANSACTIONAL) !== 0 && open.has(producerId)
  }
}
