import type { Intervention } from '../records/intervention.ts'

/** 'undecided': the measurement could not tell. 'invalid': it says nothing of the stack, and the load is tried again. */
export type TrialOutcome = 'passed' | 'failed' | 'undecided' | 'invalid'

/**
 * What a trial is for. 'saturation': far more than the stack takes; what it got done is the hint. 'anchor': one load, tried
 * first, in the middle and last, that shows whether the machine has changed. 'search': a load that tells much. 'soak': a load
 * that is to be published, tried for longer. 'accept': a load that tells much of what is accepted. 'cost': a share of the
 * ceiling, at which the cost of an event is measured. With interventions: 'probe' asks whether a load still holds, 'bound' looks
 * for the ceiling, and 'share' measures what an event costs. Only the first four are part of the search for the ceiling.
 */
export const PURPOSES = ['saturation', 'anchor', 'search', 'soak', 'accept', 'cost', 'probe', 'bound', 'share'] as const
export type Purpose = (typeof PURPOSES)[number]

/** One trial as the search knows it. Rates are events per second. */
export interface Trial {
  readonly purpose: Purpose
  /** Offered. */
  readonly ratePerS: number
  readonly outcome: TrialOutcome
  /** What took effect of it while it was offered. Of a saturation trial the hint. */
  readonly donePerS: number
}

/** A trial that is to be made. */
export interface PlannedTrial {
  readonly purpose: Purpose
  readonly ratePerS: number
  readonly durationMs: number
  /** Of its folder, in that of the search. */
  readonly name: string
  readonly intervention?: Intervention | undefined
}
