import type { Scenario } from './scenario.ts'

const RELATIVE = /^\.{1,2}[\\/]/

/** Providers of one's own, given by a path that begins with a dot: it counts from the scenario's own file, as one of bodies does. */
export function withOwnProviders<T extends Pick<Scenario, 'mix' | 'faults'>>(scenario: T, module: string): T {
  const { mix, faults } = scenario
  const isOwn = ({ provider }: { readonly provider?: unknown }) =>
    typeof provider === 'string' && RELATIVE.test(provider)
  if (!Array.isArray(mix) || !mix.some(isOwn)) return scenario
  const placed = <P extends object>(part: P): P =>
    isOwn(part) ? { ...part, provider: new URL((part as { provider: string }).provider, module).href } : part
  return { ...scenario, mix: mix.map(placed), faults: Array.isArray(faults) ? faults.map(placed) : faults }
}
