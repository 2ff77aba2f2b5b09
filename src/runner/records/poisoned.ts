import type { Provider } from '../../core/contracts/provider.ts'
import type { Load } from '../plan/arrivals.ts'
import { poisonedSeqs, poisonsOf } from '../plan/poison.ts'
import { moduleOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { bodiesFile, sendingProvider } from '../scenario/sending-route.ts'

/** The same from a run's record: loads the providers that it concerns. `module`: the scenario's. */
export async function poisonedOf(
  run: { readonly runId: string; readonly module: string },
  load: Load & { readonly scenario: Pick<Scenario, 'faults'> },
): Promise<Set<number>> {
  const { mix } = load.scenario
  const bugs = poisonsOf(load.scenario)
  const providers = new Map<number, Provider>()
  for (const [position, { provider, bodies }] of mix.entries()) {
    if (!bugs.some((bug) => bug.provider === provider)) continue
    const file = bodiesFile(bodies, run.module)
    providers.set(position, await sendingProvider(moduleOf('provider', provider), file))
  }
  return poisonedSeqs({ ...load, runId: run.runId }, load, bugs, (position) => providers.get(position)!)
}
