/** How one attempt ended, as the sender knows it. */
export const OUTCOMES = ['accepted', 'refused', 'unknown', 'unsent'] as const

export type Outcome = (typeof OUTCOMES)[number]

/**
 * Why an attempt did not end with a status; 'no-retry': it did, and the answer asked not to try again. 'no-descriptor' and
 * 'no-port': the sender's own machine had no more to give for a connection.
 */
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
  'no-descriptor',
  'no-port',
] as const

export type Cause = (typeof CAUSES)[number]
