import type { Receiver } from '../src/core/contracts/receiver.ts'

/** Every receiver by its name on the command line. */
export const receivers: Record<string, () => Promise<{ readonly default: Receiver }>> = {
  'raw-http': () => import('./raw-http.ts'),
  fastify: () => import('./fastify.ts'),
  'worker-hmac': () => import('./worker-hmac.ts'),
}
