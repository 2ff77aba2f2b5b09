import { randomBytes } from 'node:crypto'
import type { Provider } from '../core/provider.ts'
import type { Scenario } from '../core/scenario.ts'
import type { Config } from './config.ts'
import { moduleOf } from './registry.ts'
import type { ServiceSetup } from './roles/protocol.ts'

/** What a run is to do, before anything is started. */
export interface Plan {
  readonly scenarioModule: string
  readonly scenario: Scenario
  readonly modules: { readonly receiver: string; readonly queue: string; readonly ledger: string }
  readonly routes: readonly (Omit<ServiceSetup['routes'][number], 'secret'> & {
    readonly signing: string
    readonly verifying: string
  })[]
  readonly runId: string
  readonly durationMs: number
  readonly ratePerS: number
}

/** Everything that follows from the config alone. @throws FloodmarkError 'misuse'. */
export async function planOf(config: Config): Promise<Plan> {
  const scenarioModule = moduleOf('scenario', config.scenario)
  const scenario: Scenario = (await import(scenarioModule)).default
  return {
    scenarioModule,
    scenario,
    modules: {
      receiver: moduleOf('receiver', config.receiver),
      queue: moduleOf('queue', config.queue),
      ledger: moduleOf('ledger', config.ledger),
    },
    routes: await Promise.all(scenario.mix.map(({ provider }) => routeOf(provider))),
    runId: randomBytes(5).toString('hex'),
    durationMs: config.duration ? config.duration * 1_000 : config.quick ? scenario.quickMs : scenario.durationMs,
    ratePerS: config.rate ?? scenario.ratePerS,
  }
}

/** A way in for one provider, with secrets of this run alone. */
async function routeOf(name: string): Promise<Plan['routes'][number]> {
  const module = moduleOf('provider', name)
  const { newSecret }: Provider = (await import(module)).default
  const text = randomBytes(24).toString('hex')
  const { signing, verifying } = newSecret?.() ?? { signing: text, verifying: text }
  return { path: `/webhooks/${name}`, source: name, provider: module, signing, verifying }
}
