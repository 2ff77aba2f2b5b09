import type { Simulated } from './simulate.ts'

/** What is wrong with the accounting of a simulation, in words; none of it is ever right, whatever went wrong around. */
export function alarmsOf({ audit, blamed, drained }: Pick<Simulated, 'audit' | 'blamed' | 'drained'>): string[] {
  const { planned, applied, buried, refused, unsent, unknown, lost, altered } = audit
  const { duplicateEffects, differingCopies, reordered, unexpected, misjudged } = audit
  const never = { lost, altered, duplicateEffects, differingCopies, reordered, unexpected, misjudged, blamed, unsent }
  const alarms = Object.entries(never).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []))
  const sum = applied + buried + refused + unsent + unknown + lost + altered
  if (sum !== planned) alarms.push(`the classes add up to ${sum} of ${planned} planned`)
  if (!drained) alarms.push('the queue was never empty again')
  return alarms
}
