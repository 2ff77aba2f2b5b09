import type { Provider } from '../../core/contracts/provider.ts'
import type { Random } from '../../core/contracts/random.ts'
import { FAULT_KINDS, type FaultKinds, type PlannedFault } from '../faults/index.ts'

const FAULTS_MAX = 3
const FOR_MS_MAX = 8_000

/** Up to three faults of different kinds. A third of all simulations has none, so that each random failure is also seen without them. */
export function drawFaults(
  random: Random,
  providers: readonly Provider[],
  faultKinds: FaultKinds = FAULT_KINDS,
): PlannedFault[] {
  if (random() < 1 / 3) return []
  const kinds = Object.entries(faultKinds)
  return Array.from({ length: Math.min(kinds.length, 1 + Math.floor(random() * FAULTS_MAX)) }, () => {
    const [[what, kind]] = kinds.splice(Math.floor(random() * kinds.length), 1) as [(typeof kinds)[number]]
    const fault = { what, ...kind.draw(random, providers), at: random() * 0.9, forMs: 100 + random() * FOR_MS_MAX }
    return fault as PlannedFault
  })
}
