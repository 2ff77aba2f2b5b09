import type { Clock } from '../../core/contracts/clock.ts'
import { type FaultKinds, kindOf, type PlannedFault } from '../faults/index.ts'
import type { Conditions } from '../faults/levers.ts'

/** Plans every fault of a simulation. Gives when the last of them is over, ms; 0 without any. */
export function scheduleFaults(
  faults: readonly PlannedFault[],
  durationMs: number,
  conditions: Conditions,
  clock: Clock,
  kinds?: FaultKinds,
): number {
  for (const fault of faults) {
    clock.after(fault.at * durationMs, () => {
      const undo = kindOf(fault, kinds).simulate(conditions, fault)
      clock.after(fault.forMs, () => void undo())
    })
  }
  return Math.max(0, ...faults.map(({ at, forMs }) => at * durationMs + forMs))
}
