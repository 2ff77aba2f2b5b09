import generic from '../../../providers/generic.ts'
import github from '../../../providers/github.ts'
import razorpay from '../../../providers/razorpay.ts'
import shopify from '../../../providers/shopify.ts'
import slack from '../../../providers/slack.ts'
import standardWebhooks from '../../../providers/standard-webhooks.ts'
import stripe from '../../../providers/stripe.ts'
import { hash32, seeded } from '../../core/contracts/random.ts'
import { drawFaults } from './draw-faults.ts'
import { drawFailureRates } from './failure-rates.ts'
import type { SimulationOptions } from './simulate.ts'

const PROVIDERS = [generic, github, razorpay, shopify, slack, standardWebhooks, stripe]
const DURATION_MS = 20_000
const TAIL_MS = 60_000
const LETHAL_SHARE_MAX = 0.03

/** A scenario, its faults and what fails by chance, drawn from the seed alone. */
export function drawn(seed: number): SimulationOptions {
  const random = seeded(hash32(seed, 301))
  const pick = () => PROVIDERS[Math.floor(random() * PROVIDERS.length)]!
  const providers = [...new Set([pick(), pick()])]
  const peak = 1 + random() * 9
  const scenario = {
    shape: (at: number) => (at > 0.4 && at < 0.6 ? peak : 1),
    mix: providers.map(({ name }) => ({ provider: name, share: random() + 0.1 })),
    keys: { count: 1 + Math.floor(random() * 30), zipf: random() },
    effects: { failOnce: random() * 0.1, failAlways: random() * 0.03 },
    faults: drawFaults(random, providers),
    retries: { timeScale: 10 ** (2 + random() * 2), tailMs: TAIL_MS },
    ...balancerOf(seed),
  }
  const ratePerS = 0.5 + random() * 2.5
  const services = 1 + Math.floor(random() * 2)
  const failureRates = drawFailureRates(random, 10_000 + random() * 20_000)
  const limits = { lingerMs: Math.floor(random() * 6), batchEventsMax: 2 ** Math.floor(random() * 7) }
  const lethalShare = lethalShareOf(seed)
  return { seed, scenario, providers, durationMs: DURATION_MS, ratePerS, services, failureRates, lethalShare, limits }
}

/** A quarter of all scenarios have one. It is drawn from a stream of its own, so that the seed's other draws stay as they were. */
function balancerOf(seed: number): Pick<SimulationOptions['scenario'], 'balancer'> {
  const random = seeded(hash32(seed, 303))
  return random() < 0.25 ? { balancer: { tryMs: 500 + random() * 10_000 } } : {}
}

/** A quarter of all scenarios have some, drawn as a balancer is. */
function lethalShareOf(seed: number): number {
  const random = seeded(hash32(seed, 305))
  return random() < 0.25 ? random() * LETHAL_SHARE_MAX : 0
}
