import type { Provider } from '../../../core/contracts/provider.ts'
import { spin } from './spin.ts'

interface ProviderChange {
  readonly twice: string | null
  /** Each verification takes so much longer, ms. */
  readonly spinMs: number
  /** The address that a thread loads the changed provider from. */
  readonly module: string
}

/** A provider that does some of its work twice, or that takes longer to verify. */
export function changeProvider(inner: Provider, { twice, spinMs, module }: ProviderChange): Provider {
  const again = <T>(stage: string, work: () => T): T => {
    if (twice === stage) work()
    return work()
  }
  return {
    ...inner,
    module,
    verify(...of) {
      spin(spinMs)
      again('verify', () => inner.verify(...of))
    },
    identify: (request) => again('parse', () => inner.identify(request)),
    ...(inner.identifyAll && { identifyAll: (request) => again('parse', () => inner.identifyAll!(request)) }),
  }
}
