import { Admin } from '@platformatic/kafka'
import { kafkaAddress } from './address.ts'

const ASK_MS = 5_000
const PREFIX = 'floodmark-'

/** The namespaces that have topics or consumer groups of ours. Rejects when the cluster does not answer. */
export async function kafkaNamespaces(url: string): Promise<readonly string[]> {
  const { brokers, tls, sasl } = kafkaAddress(url)
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
