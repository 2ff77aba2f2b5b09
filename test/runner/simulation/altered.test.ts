import { describe, expect, it } from 'vitest'
import memory from '../../../queues/memory.ts'
import { scenarios } from '../../../scenarios/index.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import type { QueueDriver } from '../../../src/core/contracts/queue.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import { FIELDS, type Field } from '../../../src/runner/report/audit/altered.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type Simulated, type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'
import { changed, changedField } from '../../planted/altering.ts'
import ledgerAlters from '../../planted/ledger-alters.ts'
import ledgerGarbles from '../../planted/ledger-garbles.ts'
import queueAlters from '../../planted/queue-alters.ts'

async function play(name: string, how: Partial<SimulationOptions>): Promise<Simulated> {
  const { default: scenario } = await scenarios[name]!()
  const providers = await Promise.all(
    scenario.mix.map(async (part): Promise<Provider> => (await import(moduleOf('provider', part.provider))).default),
  )
  const { quickMs: durationMs } = scenario
  const usual = { seed: 1, scenario, providers, durationMs, ratePerS: 30, services: 2, failureRates: NO_FAILURES }
  return simulate({ ...usual, ...how })
}

/** What was changed about events that came to an effect or a dead letter, and what the audit names: numbers by field. */
function namedIn({ bad }: Simulated): Record<Field, Set<number>> {
  const named = Object.fromEntries(FIELDS.map((field) => [field, new Set<number>()])) as Record<Field, Set<number>>
  for (const { wrong, seq, fields = [] } of bad) if (wrong === 'altered') for (const one of fields) named[one].add(seq!)
  return named
}
function plantedIn(seqs: Iterable<number>): Record<Field, Set<number>> {
  const planted = Object.fromEntries(FIELDS.map((field) => [field, new Set<number>()])) as Record<Field, Set<number>>
  for (const seq of seqs) {
    const field = changedField(`x-${seq}`)
    if (field !== undefined) planted[field].add(seq)
  }
  return planted
}

/** A planted bug: what is handed on is not what was verified. */
const receiverAlters: SimulationOptions['receive'] = (options) =>
  createIngest({ ...options, publish: (event) => options.publish(changed(event)) })

describe('a stack that changes an event in one field', () => {
  for (const name of Object.keys(scenarios)) {
    it(`is found in ${name}: each event that it changed is named, with that field alone`, async () => {
      for (const wrong of [{ queue: queueAlters }, { receive: receiverAlters }]) {
        const run = await play(name, wrong)
        const settled = new Set([...run.effects, ...run.buried].map(({ seq }) => seq!))
        expect(namedIn(run)).toEqual(plantedIn(settled))
        for (const field of FIELDS) expect(run.audit.alteredFields[field], field).toBeGreaterThan(0)
      }

      const garbled = await play(name, { ledger: ledgerGarbles })
      expect(garbled.audit.altered).toBeGreaterThan(5)
      const namedAltered = garbled.bad.filter(({ wrong }) => wrong === 'altered').map(({ seq }) => seq)
      expect(new Set(namedAltered).size).toBe(garbled.audit.altered)

      const ledger = await play(name, { ledger: ledgerAlters })
      expect(namedIn(ledger)).toEqual(plantedIn(ledger.buried.map(({ seq }) => seq!)))
    })
  }

  it('is found where a ledger keeps dead letters, whichever field it changes', async () => {
    const { default: poison } = await scenarios.poison!()
    const scenario = { ...poison, effects: { failOnce: 0, failAlways: 0.3 } }
    const { audit, bad } = await play('poison', { ledger: ledgerAlters, scenario })
    for (const field of FIELDS) expect(audit.alteredFields[field], field).toBeGreaterThan(0)
    expect(bad.filter(({ wrong }) => wrong === 'altered').length).toBeGreaterThanOrEqual(audit.altered)
  })

  it('and an event that is delivered under the id of none is both lost and unexpected', async () => {
    const queue: QueueDriver = {
      ...memory,
      async open(options) {
        const opened = await memory.open(options)
        const publish = opened.publish.bind(opened)
        const renamed: typeof publish = (events, limit) =>
          publish(
            events.map((one) => (one.id.endsWith('-7') ? { ...one, id: 'who-is-this' } : one)),
            limit,
          )
        return Object.assign(opened, { publish: renamed })
      },
    }
    const { bad } = await play('steady', { queue })
    expect(bad).toContainEqual({ wrong: 'lost', seq: 7 })
    expect(bad).toContainEqual({ wrong: 'unexpected', seq: undefined, id: 'who-is-this' })
  })
})
