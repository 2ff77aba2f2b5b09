import type { Consumer } from '@platformatic/kafka'
import { NOBODY } from '../kafka-shared/brokers.ts'

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
  const metadata = await consumer.metadata({ topics: [topic] })
  const leaders = metadata.topics.get(topic)!.partitions
  const led = [...wanted.keys()].filter((one) => (leaders[one]?.leader ?? NOBODY) !== NOBODY)
  if (led.length === 0) return new Map([...wanted].map(([partition, offset]) => [partition, Math.max(0, offset)]))
  const ask = async (timestamp: bigint) => {
    const offsets = await consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: led },
      timestamp,
    })
    return (partition: number) => Number(offsets.get(topic)?.[partition] ?? 0n)
  }
  const earliest = await ask(EARLIEST)
  const latest = await ask(LATEST)
  return new Map(
    [...wanted].map(([partition, offset]) => {
      // Nobody can say it of a partition without a leader. Its first fetch will.
      if (!led.includes(partition)) return [partition, Math.max(0, offset)]
      const start = earliest(partition)
      return [partition, offset < start || offset > latest(partition) ? start : offset]
    }),
  )
}
