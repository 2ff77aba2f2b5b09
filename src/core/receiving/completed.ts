import { FloodmarkError } from '../contracts/errors.ts'
import type { Provider, RetryPolicy } from '../contracts/provider.ts'

/** What only a run needs: to sign, to make bodies, to send again as the sender does. */
type ForRuns = 'sign' | 'sample' | 'delivery'
type Usual = 'module' | 'signatureHeaders' | 'contextHeaders'

/** A provider of one's own for a service: what a receiver needs of it. The rest makes it fit for runs too. */
export type ReceivingProvider = Omit<Provider, ForRuns | Usual> & Partial<Pick<Provider, ForRuns | Usual>>

/** The schedule of a sender that says nothing of it: eight attempts in three days, as Standard Webhooks advises. */
export const USUAL_DELIVERY: RetryPolicy = {
  attemptsMax: 8,
  timeoutMs: 15_000,
  waitMs: (attempt) => [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000][attempt - 2]! * 1_000,
  model: true,
}

/** The whole provider. What is missing for a run says so when a run asks for it. */
export function completed(given: ReceivingProvider): Provider {
  const lacks = (what: string) => (): never => {
    throw new FloodmarkError('misuse', `the provider ${given.name} has no ${what}: a run needs it, a service does not`)
  }
  const usual = {
    module: '',
    signatureHeaders: [],
    contextHeaders: [],
    delivery: USUAL_DELIVERY,
    sign: lacks('sign'),
    sample: lacks('sample'),
  }
  const missing = Object.entries(usual).filter(([name]) => given[name as keyof ReceivingProvider] === undefined)
  if (missing.length === 0) return given as Provider
  // What a provider made of a class has on its prototype stays.
  return Object.create(given, Object.fromEntries(missing.map(([name, value]) => [name, { value }]))) as Provider
}
