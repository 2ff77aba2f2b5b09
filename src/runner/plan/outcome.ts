/** How one attempt ended, as the sender knows it. */
export const OUTCOMES = ['accepted', 'refused', 'unknown', 'unsent'] as const

export type Outcome = (typeof OUTCOMES)[number]

/** Why an attempt did not end with a status; 'no-retry': it did, and the answer asked not to try again. */
export const CAUSES = [
  'none',
  'timeout',
  'reset',
  'connect',
  'connections-max',
  'protocol',
  'too-late',
  'disabled',
  'lost-by-sender',
  'no-retry',
] as const

export type Cause = (typeof CAUSES)[number]
