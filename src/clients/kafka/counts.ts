import { Admin } from '@platformatic/kafka'
import { kafkaAddress } from './address.ts'
import { platformaticOptions } from './platformatic.ts'

const ASK_MS = 2_000

/**
 * The size of a namespace's topic on all brokers, with every copy of it. Requests are counted by no answer of Kafka's protocol.
 * Rejects when the cluster does not answer, or has no such topic.
 */
export async function kafkaCounts(url: string, namespace: string) {
  const topic = `floodmark-${namespace}`
  const options = platformaticOptions(kafkaAddress(url))
  const admin = new Admin({ ...options, connectTimeout: ASK_MS, requestTimeout: ASK_MS, retries: 0 })
  try {
    const { topics } = await admin.metadata({ topics: [topic] })
    const partitions = Array.from({ length: topics.get(topic)!.partitionsCount }, (_, at) => at)
    return {
      async read() {
        const brokers = await admin.describeLogDirs({ topics: [{ name: topic, partitions }] })
        const sizes = brokers.flatMap(({ results }) =>
          results.flatMap(({ topics: found }) => found.flatMap((one) => one.partitions)),
        )
        return { logBytes: sizes.reduce((sum, { partitionSize }) => sum + Number(partitionSize), 0) }
      },
      close: () => admin.close(),
    }
  } catch (error) {
    await admin.close().catch(() => {})
    throw error
  }
}
