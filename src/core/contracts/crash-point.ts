/** Places between two steps where a process may die; crash tests end the process there. */
export type CrashPointName =
  | 'before-store' // verified, nothing stored yet
  | 'after-store' // durable, the sender has no answer yet
  | 'after-claim' // an event is claimed, its effect has not run
  | 'after-effect' // the effect has run, nothing is settled
  | 'after-settle' // settled, the queue has no verdict yet

export type CrashPoint = (name: CrashPointName) => void

export const nowhere: CrashPoint = () => {}
