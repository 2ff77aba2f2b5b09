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
}
