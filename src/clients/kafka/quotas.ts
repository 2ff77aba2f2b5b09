import { Admin } from '@platformatic/kafka'
import type { Quota } from '../../core/contracts/quota.ts'
import type { KafkaAddress } from './address.ts'
import { platformaticOptions } from './platformatic.ts'

const ASK_MS = 5_000

/** What every broker lets this client publish: by its name, by anybody's user, or by default. A broker that does not tell has none that we know of. */
export async function publishingQuotas(address: KafkaAddress): Promise<readonly Quota[]> {
  const own = platformaticOptions(address)
  const admin = new Admin({ ...own, connectTimeout: ASK_MS, requestTimeout: ASK_MS, retries: 0 })
  try {
    const entries = await admin.describeClientQuotas({ components: [], strict: false })
    const ours = entries.filter(({ entity }) =>
      entity.every(({ entityType, entityName }) => {
        return entityType === 'user' || (entityType === 'client-id' && (entityName ?? own.clientId) === own.clientId)
      }),
    )
    const values = ours.flatMap((one) => one.values.filter(({ key }) => key === 'producer_byte_rate'))
    if (values.length === 0) return []
    return [{ of: 'publishing', maxBytesPerS: Math.min(...values.map(({ value }) => value)) }]
  } finally {
    await admin.close().catch(() => {})
  }
}
