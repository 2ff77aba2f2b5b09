import type { Admin } from '@platformatic/kafka'
import type { Quota } from '../../src/core/contracts/quota.ts'

/** What every broker lets this client publish: by its name, by anybody's user, or by default. A broker that does not tell has none that we know of. */
export async function publishingQuotas(admin: Admin, clientId: string): Promise<readonly Quota[]> {
  const entries = await admin.describeClientQuotas({ components: [], strict: false })
  const ours = entries.filter(({ entity }) =>
    entity.every(({ entityType, entityName }) => {
      return entityType === 'user' || (entityType === 'client-id' && (entityName ?? clientId) === clientId)
    }),
  )
  const values = ours.flatMap((one) => one.values.filter(({ key }) => key === 'producer_byte_rate'))
  if (values.length === 0) return []
  return [{ of: 'publishing', maxBytesPerS: Math.min(...values.map(({ value }) => value)) }]
}
