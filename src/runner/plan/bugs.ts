import type { Provider } from '../../core/contracts/provider.ts'
import { seeded } from '../../core/contracts/random.ts'
import type { EventFilter } from '../faults/fault-kind.ts'
import { type FaultKinds, kindOf } from '../faults/index.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** A bug is a fault that buries events. */

/** A provider is taken never to send a type that none of so many samples has. */
const SAMPLES = 2_000

export function bugsOf({ faults }: Pick<Scenario, 'faults'>, kinds?: FaultKinds): EventFilter[] {
  return faults.flatMap((fault) => kindOf(fault, kinds).buries?.events(fault) ?? [])
}

/** The first bug for a type that its provider never sends, by its field; undefined when there is none. */
export function wrongType(
  { faults }: Pick<Scenario, 'faults'>,
  source: string,
  provider: Provider,
): string | undefined {
  for (const [at, fault] of faults.entries()) {
    const bug = kindOf(fault).buries?.events(fault)
    if (bug?.provider !== source) continue
    const types = new Set<string>()
    const random = seeded(1)
    for (let made = 0; made < SAMPLES; made++) types.add(provider.sample(random, { id: 'a-1', key: 'k1' }).type)
    if (types.has(bug.type)) continue
    const named = [...types].sort().join(', ')
    return `faults.${at}.type: '${source}' never sends '${bug.type}': use one of ${named}`
  }
}
