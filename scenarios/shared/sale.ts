import type { Scenario } from '../../src/runner/scenario/scenario.ts'

/** A shop's webhooks, as most scenarios send them: payments, orders and code pushes, few busy accounts and many quiet ones. */
export const SALE: Pick<Scenario, 'mix' | 'keys' | 'effects'> = {
  mix: [
    { provider: 'stripe', share: 0.35 },
    { provider: 'razorpay', share: 0.35 },
    { provider: 'generic', share: 0.2 },
    { provider: 'github', share: 0.1 },
  ],
  keys: { count: 20_000, zipf: 0.9 },
  effects: { failOnce: 0.02, failAlways: 0.001 },
}
