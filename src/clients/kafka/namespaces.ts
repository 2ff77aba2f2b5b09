import { Admin } from '@platformatic/kafka'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { kafkaAddress } from './address.ts'

const ASK_MS = 5_000
const PREFIX = 'floodmark-'

/** The namespaces that have topics or consumer groups of ours. Rejects when the cluster does not answer. */
export async function kafkaNamespaces(url: string): Promise<readonly string[]> {
  const { brokers, tls, sasl, topic } = kafkaAddress(url)
  if (topic !== undefined) {
    throw new FloodmarkError('misuse', `leave ${topic} out of Kafka's address: what is looked for has names of its own`)
  }
  const admin = new Admin({
    clientId: 'floodmark',
    bootstrapBrokers: [...brokers],
    ...(tls && { tls }),
    ...(sasl && { sasl }),
    connectTimeout: ASK_MS,
    requestTimeout: ASK_MS,
  })
  try {
    const names = [...(await admin.listTopics()), ...(await admin.listGroups()).keys()]
    return [...new Set(names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)))]
  } finally {
    await admin.close().catch(() => {})
  }
}
