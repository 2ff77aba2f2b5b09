import { Admin, type BaseOptions } from '@platformatic/kafka'
import { type KafkaAddress, kafkaAddress } from './address.ts'

/** What @platformatic/kafka needs to know of an address. */
export function platformaticOptions(address: KafkaAddress): BaseOptions {
  return {
    clientId: 'floodmark',
    bootstrapBrokers: [...address.brokers],
    ...(address.tls && { tls: address.tls }),
    ...(address.sasl && { sasl: address.sasl }),
  }
}

/** How many brokers the first one at a URL knows and takes for alive. @throws where it does not answer within `ms`. */
export async function brokersAlive(url: string, ms: number): Promise<number> {
  const options = platformaticOptions(kafkaAddress(url))
  const admin = new Admin({ ...options, connectTimeout: ms, requestTimeout: ms, retries: 0 })
  try {
    return (await admin.metadata({ topics: [] })).brokers.size
  } finally {
    await admin.close().catch(() => {})
  }
}
