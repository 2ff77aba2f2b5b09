import type { Provider } from '../../core/contracts/provider.ts'
import type { Load } from '../plan/arrivals.ts'
import { bugsOf, struckSeqs } from '../plan/bugs.ts'
import { moduleOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { bodiesFile, sendingProvider } from '../scenario/sending-route.ts'

/** The numbers of a run's events that bugs strike. Loads the providers that it concerns. `module`: the scenario's. */
export async function struckByBugs(
  run: { readonly runId: string; readonly module: string },
  load: Load & { readonly scenario: Pick<Scenario, 'faults'> },
): Promise<Set<number>> {
  const { mix } = load.scenario
  const bugs = bugsOf(load.scenario)
  const providers = new Map<number, Provider>()
  for (const [position, { provider, bodies }] of mix.entries()) {
    if (!bugs.some((bug) => bug.provider === provider)) continue
    const file = bodiesFile(bodies, run.module)
    providers.set(position, await sendingProvider(moduleOf('provider', provider), file))
  }
  return struckSeqs({ ...load, runId: run.runId }, load, bugs, (position) => providers.get(position)!)
}
