import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { LOST_TRIES_MAX } from '../../../src/core/processing/attempts.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { LethalEvents } from '../../../src/runner/simulation/lethal.ts'
import { type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'
import { BUGS } from './simulation-bugs.ts'
import { blamed, harmOf } from './simulation-seeds.ts'

const optionsOf = (seed: number): SimulationOptions => ({
  seed,
  scenario: {
    shape: () => 1,
    mix: [{ provider: 'generic', share: 1 }],
    keys: { count: 10, zipf: 0 },
    effects: { failOnce: 0.05, failAlways: 0 },
    faults: [],
    retries: { timeScale: 1_200, tailMs: 60_000 },
  },
  providers: [generic],
  durationMs: 20_000,
  ratePerS: 20,
  services: 2,
  failureRates: NO_FAILURES,
  lethalShare: 0.01,
})

describe('events whose effect ends the process, in virtual time', () => {
  it('end it a bounded number of times, and are the only ones that are given up', async () => {
    let deaths = 0
    for (const seed of Array(20).keys()) {
      const options = optionsOf(seed)
      const result = await simulate(options)
      expect(alarmsOf(result), `seed ${seed}`).toEqual([])
      expect(harmOf(result), `seed ${seed}`).toEqual({ lost: 0, duplicateEffects: 0, reordered: 0 })
      const lethal = new LethalEvents(seed, options.lethalShare!)
      const struck = result.buried.filter(({ seq }) => lethal.has(seq!))
      expect(new Set(result.buried.map(({ cause }) => cause)).difference(new Set(['process-died']))).toEqual(new Set())
      expect(result.buried).toHaveLength(struck.length)
      // Nothing else ends a service here. A death counts for all that are in hand.
      expect(result.crashes).toBeLessThanOrEqual(struck.length * LOST_TRIES_MAX)
      deaths += result.crashes
    }
    expect(deaths).toBeGreaterThan(100)
  })

  it('would end it for ever if nobody counted, and that is an alarm', async () => {
    const options = { ...optionsOf(1), ...BUGS['counts no lost tries']!.plant() }
    const result = await simulate(options)
    expect(alarmsOf(result)).toContain('the queue was never empty again')
    expect(result.crashes).toBeGreaterThan(100)
  })

  it('would take their neighbours with them if they were not tried alone, and that is an alarm', async () => {
    let innocent = 0
    for (const seed of Array(5).keys()) {
      const options = { ...optionsOf(seed), ...BUGS['tries suspects beside others']!.plant() }
      const result = await simulate(options)
      const count = blamed(result, options)
      if (count > 0) expect(alarmsOf(result).some((alarm) => alarm.startsWith('misjudged '))).toBe(true)
      innocent += count
    }
    expect(innocent).toBeGreaterThan(0)
  })
})
