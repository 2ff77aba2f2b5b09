import type { Provider } from '../../core/contracts/provider.ts'
import { type Random, seeded } from '../../core/contracts/random.ts'
import type { Fault, PlannedFault } from '../scenario/scenario.ts'
import type { FaultOf } from './faults.ts'

const FAULTS_MAX = 3
const FOR_MS_MAX = 8_000
/** Of effects: so many fail and yet none fails as often as would bury it. */
const SHARE_MAX = 0.5

const one = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random() * of.length)]!
const processes = (random: Random) => one(random, ['receivers', 'processors', 'stack'] as const)
const victims = (random: Random) =>
  one(random, ['receivers', 'processors', 'stack', 'queue-server', 'ledger-server'] as const)
const links = (random: Random) => one(random, ['senders-link', 'queue-link', 'ledger-link'] as const)

function poison(random: Random, providers: readonly Provider[]): FaultOf<'poison'> {
  const provider = one(random, providers)
  const { type } = provider.sample(random, { id: 'a-1', key: 'k1' })
  return { what: 'poison', target: 'processors', provider: provider.name, type }
}

/** A fault of each kind, with whatever belongs to it. */
const KINDS: { readonly [W in Fault['what']]: (random: Random, providers: readonly Provider[]) => FaultOf<W> } = {
  kill: (random) => ({ what: 'kill', target: victims(random) }),
  restart: (random) => ({ what: 'restart', target: processes(random), ...(random() < 0.5 && { each: true }) }),
  pause: (random) => ({ what: 'pause', target: victims(random) }),
  stall: (random) => ({ what: 'stall', target: processes(random) }),
  // Beyond what signatures may be old, either way.
  'clock-jump': (random) => ({ what: 'clock-jump', target: processes(random), byMs: (random() - 0.5) * 1_200_000 }),
  'slow-effects': (random) => ({ what: 'slow-effects', target: 'processors', addMs: random() * 2_000 }),
  'failing-effects': (random) => ({ what: 'failing-effects', target: 'processors', share: random() * SHARE_MAX }),
  poison: (random, providers) => poison(seeded(random() * 2 ** 32), providers),
  throttle: (random) => ({ what: 'throttle', target: 'receivers', perS: 0.5 + random() * 5 }),
  'slow-disk': (random) => ({ what: 'slow-disk', target: processes(random), addMs: random() * 8_000 }),
  'full-disk': () => ({ what: 'full-disk', target: 'stack' }),
  latency: (random) => ({ what: 'latency', target: links(random), addMs: random() * 500, jitterMs: random() * 500 }),
  cut: (random) => ({ what: 'cut', target: links(random) }),
  blackhole: (random) => ({ what: 'blackhole', target: links(random) }),
  'drop-requests': (random) => ({ what: 'drop-requests', target: links(random) }),
  'drop-replies': (random) => ({ what: 'drop-replies', target: links(random) }),
}

/** Up to three faults of different kinds; none in a third of all cases, so that each trouble is also seen without them. */
export function drawFaults(random: Random, providers: readonly Provider[]): PlannedFault[] {
  if (random() < 1 / 3) return []
  const kinds = Object.values(KINDS)
  return Array.from({ length: 1 + Math.floor(random() * FAULTS_MAX) }, () => {
    const [kind] = kinds.splice(Math.floor(random() * kinds.length), 1)
    return { ...kind!(random, providers), at: random() * 0.9, forMs: 100 + random() * FOR_MS_MAX }
  })
}
