import { expect, it } from 'vitest'
import adyen from '../../../providers/adyen.ts'
import generic from '../../../providers/generic.ts'
import stripe from '../../../providers/stripe.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'

const SEEDS = Array.from({ length: 5 }, (_, at) => at + 1)

const play = (seed: number, planted: Partial<SimulationOptions> = {}) =>
  simulate({
    seed,
    scenario: {
      shape: () => 1,
      mix: [generic, stripe, adyen].map(({ name }) => ({ provider: name, share: 1 })),
      keys: { count: 20, zipf: 0 },
      effects: { failOnce: 0, failAlways: 0.05 },
      copiesMax: 4,
      faults: [],
    },
    providers: [generic, stripe, adyen],
    durationMs: 10_000,
    ratePerS: 20,
    services: 2,
    failureRates: NO_FAILURES,
    ...planted,
  })

/** A planted bug: of the copies of an event only the first is stored as it came. */
function changesCopies(): NonNullable<SimulationOptions['seenBy']> {
  const seen = new Set<string>()
  return ({ queue, ledger }) => {
    const publish: Queue['publish'] = (events, options) => {
      const changed = events.map((event) => {
        if (!seen.has(event.id)) {
          seen.add(event.id)
          return event
        }
        return { ...event, body: Buffer.concat([event.body, Buffer.from(' ')]) }
      })
      return queue.publish(changed, options)
    }
    return { ledger, queue: Object.create(queue, { publish: { value: publish } }) }
  }
}

it('a stack that changes copies is found, although the first one of each took effect as it should', async () => {
  for (const seed of SEEDS) {
    const good = await play(seed)
    expect(good.audit.duplicatesAbsorbed).toBeGreaterThan(50)
    expect(alarmsOf(good)).toEqual([])
    const { audit, ...bad } = await play(seed, { seenBy: changesCopies() })
    expect(audit).toMatchObject({ lost: 0, altered: 0, duplicateEffects: 0 })
    expect(alarmsOf({ audit, ...bad })).toEqual([expect.stringMatching(/^differingCopies \d+$/)])
    expect(audit.differingCopies).toBeGreaterThan(20)
  }
})
