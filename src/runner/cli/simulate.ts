import type { Command } from 'commander'
import { SETTINGS } from '../plan/settings.ts'
import { whatWords } from '../render/words/bad-events.ts'
import { retriesOf } from '../report/delivery/retries.ts'
import { load } from '../scenario/plugins.ts'
import { moduleOf } from '../scenario/registry.ts'
import { loadScenario } from '../scenario/schema.ts'
import { alarmsOf } from '../simulation/alarms.ts'
import { drawn } from '../simulation/draw.ts'
import { NO_FAILURES } from '../simulation/failure-rates.ts'
import { type Simulated, type SimulationOptions, simulate } from '../simulation/simulate.ts'
import { EXIT } from './exit.ts'
import { flagValue } from './settings/flag-value.ts'

const SEEDS_DEFAULT = 100
const RATE_PER_S = 30
const SERVICES = 2
/** So many events that must not be are named. */
const BAD_MAX = 10

const AFTER = `
What raises an alarm is printed, with its seed; one seed alone is always printed.

Examples:
  npm run simulate
  npm run simulate -- --seed 7
  npm run simulate -- --scenario poison --seed 7

Exits: 0 no alarm, 1 an alarm, 2 bad input.`

/** The command `simulate`: one seed, one scenario or many seeds, in virtual time. */
export function define(command: Command): void {
  command
    .option('--seed <number>', `one seed, a whole number (default: every seed from 0 to ${SEEDS_DEFAULT - 1})`)
    .option(
      '--scenario <name>',
      `a scenario or the path of your own, at ${RATE_PER_S} events/s for its quick duration (default: one drawn from the seed)`,
    )
    .addHelpText('after', AFTER)
    .action(async ({ seed, scenario }: { seed?: string; scenario?: string }) => {
      const one = seed === undefined ? undefined : flagValue('--seed', SETTINGS.seed.schema, seed)
      const seeds = one === undefined ? [...Array(SEEDS_DEFAULT).keys()] : [one]
      let alarmed = 0
      for (const each of seeds) if (!(await play(each, scenario, one !== undefined))) alarmed++
      if (one === undefined) process.stdout.write(`${seeds.length} seeds, ${alarmed} with an alarm\n`)
      process.exitCode = alarmed > 0 ? EXIT.FAIL : EXIT.PASS
    })
}

/** True when no alarm was raised. A seed with an alarm is always printed. */
async function play(seed: number, scenario: string | undefined, aloud: boolean): Promise<boolean> {
  const options = scenario === undefined ? drawn(seed) : await optionsOf(seed, scenario)
  const result = await simulate(options)
  const alarms = alarmsOf(result)
  if (aloud || alarms.length > 0) {
    const { alteredFields: _, ...audit } = result.audit
    const counts = Object.entries({ ...audit, ...deliveryOf(options, result) })
    const lines = counts.map(([name, count]) => `  ${name} ${count}\n`)
    const verdict = alarms.length > 0 ? `alarm: ${alarms.join(', ')}` : 'no alarm'
    const took = `${result.attempts.length} attempts in ${result.tookMs / 1_000} s of virtual time`
    const bad = result.bad.slice(0, BAD_MAX).map((one) => `  ${whatWords(one)}: event ${one.seq ?? one.id}\n`)
    process.stdout.write(`seed ${seed}: ${verdict}; ${took}\n${[...lines, ...bad].join('')}`)
  }
  return alarms.length === 0
}

/** What retries made of the load, counted as a run's report counts it. */
function deliveryOf({ scenario, providers }: SimulationOptions, { attempts }: Simulated): Record<string, number> {
  const policies = providers.map(({ delivery }) => delivery)
  const { givenUp, amplification, ...counted } = retriesOf(scenario, policies, attempts)
  const refusals = givenUp.map(({ provider, reason, count }) => [`given up by ${provider}: ${reason}`, count])
  return { ...counted, amplification: Number(amplification.toFixed(3)), ...Object.fromEntries(refusals) }
}

async function optionsOf(seed: number, name: string): Promise<SimulationOptions> {
  const scenario = await loadScenario(moduleOf('scenario', name), name)
  const providers = await Promise.all(scenario.mix.map(({ provider }) => load('provider', provider)))
  const how = { durationMs: scenario.quickMs, ratePerS: RATE_PER_S, services: SERVICES, failureRates: NO_FAILURES }
  return { seed, scenario, providers, ...how }
}
