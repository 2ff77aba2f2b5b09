import { afterAll, describe, expect, it } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { drawn } from '../../../src/runner/simulation/draw.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'
import { giveWay } from '../../give-way.ts'
import { BUGS } from './simulation-bugs.ts'
import { harmOf } from './simulation-seeds.ts'
import { seedThreads } from './simulation-threads.ts'

giveWay()

/** Played every time. 1021: effects that outlasted their lease, of a key, and only the later ones were still held. */
const ONCE_RED = [1021]
/**
 * How many are played every time, and how many with those that follow when everything is tested. Two fifths of them without a bug,
 * the rest shared by the bugs. `SEEDS=n` for another number every time, `SEED=n` for one alone.
 */
const FEW = Number(process.env.SEEDS ?? 500)
const MANY = 10_000
const CALM_SHARE = 0.4
const BUG_SHARE = (1 - CALM_SHARE) / Object.keys(BUGS).length
const ONLY = process.env.SEED === undefined ? undefined : Number(process.env.SEED)
const PATIENCE_MS = 120_000 + 200 * MANY

/** The seeds of a share of a test that is played every time, and of the long one that goes on where it ends. */
function partsOf(share: number) {
  const [few, many] = [Math.ceil(FEW * share), Math.ceil(MANY * share)]
  const every = { seeds: ONLY === undefined ? [...Array(few).keys(), ...ONCE_RED] : [ONLY], timeout: PATIENCE_MS }
  if (ONLY !== undefined || many <= few) return { '': every }
  const more = Array.from({ length: many - few }, (_, at) => few + at)
  return { '': every, [`, in ${more.length} more seeds`]: { seeds: more, timeout: PATIENCE_MS, tags: 'full' as const } }
}
const threads = seedThreads()
afterAll(() => threads.end())

describe('the simulation', () => {
  for (const [part, { seeds, ...options }] of Object.entries(partsOf(CALM_SHARE))) {
    it(`raises no alarm without a bug, whatever goes wrong around${part}`, options, async () => {
      const seen = await threads.play(seeds)
      // Nothing proves anything that never happened.
      if (ONLY === undefined) for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0)
    })
  }

  it('plays the same seed to the same result', async () => {
    for (const seed of ONLY === undefined ? Array(20).keys() : [ONLY])
      expect(await simulate(drawn(seed))).toEqual(await simulate(drawn(seed)))
  })

  it('does not play two seeds alike', async () => {
    expect((await simulate(drawn(1))).attempts).not.toEqual((await simulate(drawn(2))).attempts)
  })
})

describe('the scenarios of the command line, in virtual time', () => {
  const play = async (name: string, how: Partial<SimulationOptions> = {}) => {
    const { default: scenario } = await scenarios[name]!()
    const providers = await Promise.all(
      scenario.mix.map(async (part): Promise<Provider> => (await import(moduleOf('provider', part.provider))).default),
    )
    const { quickMs: durationMs } = scenario
    const usual = { seed: 1, scenario, providers, durationMs, ratePerS: 30, services: 2, failureRates: NO_FAILURES }
    return simulate({ ...usual, ...how })
  }

  for (const name of Object.keys(scenarios)) {
    it(`nothing is lost, doubled or out of order in ${name}`, async () => {
      const result = await play(name)
      expect(result.audit.planned).toBeGreaterThan(100)
      expect(harmOf(result)).toEqual({ lost: 0, duplicateEffects: 0, reordered: 0 })
      expect(alarmsOf(result)).toEqual([])
    })
  }

  it('in outage-recovery nobody listens during the outage, and retries bring back what was refused', async () => {
    const { attempts, audit } = await play('outage-recovery')
    const { default: scenario } = await scenarios['outage-recovery']!()
    const { at, forMs } = scenario.faults[0]!
    const downMs = at * scenario.quickMs
    const during = attempts.filter(({ sentMs }) => sentMs > downMs && sentMs < downMs + forMs - 100)
    expect(during.length).toBeGreaterThan(100)
    expect(during.filter(({ outcome }) => outcome === 'accepted')).toEqual([])
    const first = new Set(during.filter(({ attempt }) => attempt === 1).map(({ seq }) => seq))
    expect(audit.refused + audit.unknown).toBeLessThan(first.size / 2)
  })

  it('in rolling-deploy nothing is refused, for its balancer holds what nobody listens to', async () => {
    const { balancer, ...bare } = (await scenarios['rolling-deploy']!()).default
    expect(balancer).toBeDefined()
    const { audit, attempts } = await play('rolling-deploy', { services: 1 })
    expect(audit).toMatchObject({ refused: 0, unknown: 0 })
    expect(Math.max(...attempts.map(({ sentMs, doneMs }) => doneMs - sentMs))).toBeGreaterThan(100)
    const without = await play('rolling-deploy', { services: 1, scenario: bare })
    expect(without.audit.refused).toBeGreaterThan(0)
  })
})

describe('the audit, in simulations with a planted bug', () => {
  for (const [name, { share }] of Object.entries(BUGS)) {
    for (const [part, { seeds, ...options }] of Object.entries(partsOf(BUG_SHARE))) {
      it(`flags every seed that was harmed by a stack that ${name}${part}`, options, async () => {
        const { harmed } = await threads.play(seeds, name)
        if (ONLY === undefined) expect(harmed).toBeGreaterThanOrEqual(share * seeds.length)
      })
    }
  }
})
