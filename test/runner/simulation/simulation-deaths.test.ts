import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import stripe from '../../../providers/stripe.ts'
import type { Ledger } from '../../../src/core/contracts/ledger.ts'
import { FAULT_KINDS, type FaultKinds } from '../../../src/runner/faults/index.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'

/** An event whose effect ends the process: with a planted bug too, so that a simulation is known to find it. */
const SEEDS = Array.from({ length: 8 }, (_, at) => at + 1)
const DURATION_MS = 20_000
const BACK_MS = 200
const KILLER = { provider: 'stripe', type: 'invoice.paid' }

/** Poison that ends all processes, instead of failing the effect. */
const faultKinds: FaultKinds = {
  ...FAULT_KINDS,
  poison: {
    ...FAULT_KINDS.poison,
    simulate: (conditions) =>
      conditions.wrapEffect((effect) => (event, tx) => {
        if (event.source !== KILLER.provider || event.type !== KILLER.type) return effect(event, tx)
        conditions.services.kill(BACK_MS)
        return new Promise(() => {})
      }),
  },
}

const play = (seed: number, seenBy?: NonNullable<SimulationOptions['seenBy']>) =>
  simulate({
    seed,
    scenario: {
      shape: () => 1,
      mix: [
        { provider: 'stripe', share: 1 },
        { provider: 'generic', share: 3 },
      ],
      keys: { count: 20, zipf: 0 },
      effects: { failOnce: 0, failAlways: 0 },
      faults: [{ what: 'poison', target: 'processors', ...KILLER, at: 0, forMs: 300_000 }],
      retries: { timeScale: 1_200, tailMs: 60_000 },
    },
    providers: [stripe, generic],
    durationMs: DURATION_MS,
    ratePerS: 4,
    services: 2,
    failureRates: NO_FAILURES,
    faultKinds,
    ...(seenBy && { seenBy }),
  })

describe('an event whose effect ends the process', () => {
  it('is given up, and all others take effect', async () => {
    for (const result of await Promise.all(SEEDS.map((seed) => play(seed)))) {
      expect(result.crashes).toBeGreaterThan(0)
      expect(new Set(result.buried.map(({ source, type }) => `${source} ${type}`))).toEqual(
        new Set([`${KILLER.provider} ${KILLER.type}`]),
      )
      expect(alarmsOf(result)).toEqual([])
    }
  })

  it('is seen to end one process after the other where nobody counts lost tries', async () => {
    const forgetsLostTries: NonNullable<SimulationOptions['seenBy']> = ({ queue, ledger }) => {
      const claimAlone: Ledger['claimAlone'] = async (event, leaseMs) => {
        const claim = await ledger.claimAlone(event, leaseMs)
        return claim.state === 'new' ? { ...claim, lostTries: 0 } : claim
      }
      const claim: Ledger['claim'] = (events, leaseMs) => Promise.all(events.map((event) => claimAlone(event, leaseMs)))
      return { queue, ledger: Object.assign(Object.create(ledger), { claim, claimAlone }) }
    }
    for (const seed of SEEDS.slice(0, 2)) {
      const result = await play(seed, forgetsLostTries)
      expect(result.buried).toEqual([])
      expect(alarmsOf(result)).toContain('the queue was never empty again')
    }
  })
})
