import { withOwnProviders } from '../scenario/own-providers.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type Trace, withTrace } from '../scenario/trace.ts'
import type { RunSettings } from './settings.ts'
import { withSpike } from './spike.ts'

/** What turns a scenario's file into the scenario of a run. Plan and processes each hold these three. */
export interface Planned {
  /** File URL of the scenario's module. */
  readonly scenario: string
  readonly settings: RunSettings
  /** Arrivals in each second, from the file that --shape names; undefined: the scenario's own shape. */
  readonly trace?: Trace | undefined
}

/**
 * The scenario that a run plays: as its file has it, with what the settings change. The plan and every process ask
 * here, so that all of them see one scenario. @throws FloodmarkError 'misuse' when a setting does not fit the scenario.
 */
export function plannedScenario(own: Scenario, { scenario, settings, trace }: Planned): Scenario {
  const { provider, target, spike } = settings
  const played = withSpike(withTrace(withOwnProviders(own, scenario), trace), spike)
  return {
    ...played,
    ...(provider !== undefined && { mix: [{ provider, share: 1 }] }),
    // Nobody can tell the effects of another's server to fail.
    ...(target !== undefined && { effects: { failOnce: 0, failAlways: 0 } }),
  }
}
