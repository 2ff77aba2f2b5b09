import { z } from 'zod'
import { DRIFTING } from './drift-bodies.ts'
import { DRIFT_KINDS } from './scenario.ts'

const share = z.number().min(0).max(1)

/** The scenario's field, by itself. */
export const driftSchema = z
  .strictObject({
    from: share,
    until: share,
    shares: z.record(z.enum(DRIFT_KINDS), share).refine((shares) => sum(shares) <= 1, 'must not add up to more than 1'),
    strict: z.array(z.string()),
  })
  .refine(({ from, until }) => from < until, { path: ['until'], message: 'must be more than from' })

function sum(shares: Readonly<Record<string, number>>): number {
  return Object.values(shares).reduce((total, one) => total + one, 0)
}

interface Beside {
  readonly longBodies?: unknown
  readonly claimCheck?: unknown
  readonly drift?: z.infer<typeof driftSchema> | undefined
  readonly mix: readonly { readonly provider: string; readonly bodies?: string | undefined }[]
}

/** Every provider of the mix must be one whose bodies can change. */
export function checkDrift({ drift, mix, longBodies, claimCheck }: Beside, context: z.RefinementCtx): void {
  if (!drift) return
  const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (longBodies ?? claimCheck)
    issue(['drift'], 'longBodies and claimCheck add fields of their own: leave out one or the other')
  for (const [at, { provider, bodies }] of mix.entries()) {
    if (bodies !== undefined) issue(['mix', at, 'bodies'], 'bodies of your own cannot drift: leave out drift or bodies')
    if (DRIFTING.includes(provider)) continue
    issue(['mix', at, 'provider'], `the bodies of '${provider}' cannot drift: use ${DRIFTING.join(', ')}`)
  }
  for (const [at, name] of drift.strict.entries()) {
    if (!mix.some(({ provider }) => provider === name)) issue(['drift', 'strict', at], `'${name}' is not in the mix`)
  }
}
