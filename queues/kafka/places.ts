import type { Consumer } from '@platformatic/kafka'

const EARLIEST = -2n
const LATEST = -1n

/**
 * Where to go on, by partition: at the wanted offset where the log has it, else at the log's start. Of what is then read again,
 * the ledger absorbs what took effect.
 */
export async function placesToGoOn(
  consumer: Consumer,
  topic: string,
  wanted: ReadonlyMap<number, number>,
): Promise<Map<number, number>> {
  if (wanted.size === 0) return new Map()
  const ask = async (timestamp: bigint) => {
    const offsets = await consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [...wanted.keys()] },
      timestamp,
    })
    return (partition: number) => Number(offsets.get(topic)?.[partition] ?? 0n)
  }
  const earliest = await ask(EARLIEST)
  const latest = await ask(LATEST)
  return new Map(
    [...wanted].map(([partition, offset]) => {
      const start = earliest(partition)
      return [partition, offset < start || offset > latest(partition) ? start : offset]
    }),
  )
}
