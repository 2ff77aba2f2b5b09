import type { Provider } from '../../core/contracts/provider.ts'
import { seeded } from '../../core/contracts/random.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { arrivals, type Load } from './arrivals.ts'
import { driftKindOf } from './drift-plan.ts'
import { isPoisoned, type Poison } from './identity.ts'
import { type Making, sampled } from './make-event.ts'

/** A type that none of so many samples has is none of the provider's. */
const SAMPLES = 2_000

export function poisonsOf({ faults }: Pick<Scenario, 'faults'>): Poison[] {
  return faults.filter((fault) => fault.what === 'poison')
}

/** The numbers of a run's events that its scenario's bugs strike while they last: types follow from the plan alone. */
export function poisonedSeqs(
  run: Omit<Making, 'drift'>,
  load: Load,
  bugs: readonly Poison[],
  providerAt: (position: number) => Provider,
): Set<number> {
  const seqs = new Set<number>()
  if (bugs.length === 0) return seqs
  const making = { ...run, drift: driftKindOf(load) }
  const sources = load.scenario.mix.map(({ provider }) => provider)
  for (const arrival of arrivals(load)) {
    const source = sources[arrival.provider]!
    if (!bugs.some(({ provider }) => provider === source)) continue
    const { type } = sampled(making, providerAt(arrival.provider), arrival)
    if (bugs.some((bug) => isPoisoned(bug, { source, type }))) seqs.add(arrival.seq)
  }
  return seqs
}

/** The first bug that is to strike a type which its provider never sends, by its field; undefined when there is none. */
export function wrongType(
  { faults }: Pick<Scenario, 'faults'>,
  source: string,
  provider: Provider,
): string | undefined {
  for (const [at, fault] of faults.entries()) {
    if (fault.what !== 'poison' || fault.provider !== source) continue
    const types = new Set<string>()
    const random = seeded(1)
    for (let made = 0; made < SAMPLES; made++) types.add(provider.sample(random, { id: 'a-1', key: 'k1' }).type)
    if (types.has(fault.type)) continue
    const named = [...types].sort().join(', ')
    return `faults.${at}.type: '${source}' never sends '${fault.type}': use one of ${named}`
  }
}
