import type { Intervention } from '../../records/intervention.ts'
import type { Goal } from '../search.ts'
import type { Purpose } from '../trial.ts'

/** One more trial that is wanted. */
export interface Experiment {
  readonly purpose: Purpose
  readonly intervention: Intervention | undefined
  readonly ratePerS: number
}

export interface BindingQuestion {
  readonly ceilingPerS: number
  readonly goal: Goal
  /** The receiver verifies in threads of its own. */
  readonly verifiesApart: boolean
  /** Default: those of a service that nobody changed. */
  readonly places?: PlaceLimits
  /** How often each stage is done twice, and the thread left as it is. Default: 3. */
  readonly rounds?: number
  /** How near a ceiling under a delay is wanted, high / low, and by how many trials at most. Default: 1.12 by 8. */
  readonly bounds?: { readonly ratioMax: number; readonly trialsMax: number }
  /** Default: all that can be asked. 'resources': no stage is done twice; 'stages': what they predict is not confirmed. */
  readonly until?: 'resources' | 'stages'
}

/** How many publishes may be under way, and how many events in handlers' hands. */
export interface PlaceLimits {
  readonly publishesMax: number
  readonly heldEventsMax: number
}
