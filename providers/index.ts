import type { Provider } from '../src/core/provider.ts'

/** Every provider by its name in a scenario's mix. */
export const providers: Record<string, () => Promise<{ readonly default: Provider }>> = {
  generic: () => import('./generic.ts'),
  razorpay: () => import('./razorpay.ts'),
  github: () => import('./github.ts'),
  stripe: () => import('./stripe.ts'),
}
