import type { Clock } from '../../core/contracts/clock.ts'
import type { Fault, PlannedFault } from '../scenario/scenario.ts'
import type { LinkName, Wrong } from './wrong.ts'

/** What faults can do to the services of a simulation: each of them receives and processes. */
export interface Downable {
  /** All of them end at once and stay down for so long. */
  kill(forMs: number): void
  /** They take no more requests, finish what they have, end, and stay down for so long. `each`: one after the other. */
  restart(forMs: number, each: boolean): void
}

export interface Struck {
  readonly wrong: Wrong
  readonly services: Downable
  readonly clock: Clock
}

/** Fault members are told apart by `what`; one of them may stand for several kinds. */
export type FaultOf<W extends Fault['what'], F = Fault> = F extends Fault
  ? W extends F['what']
    ? F & { what: W }
    : never
  : never

type Planned<W extends Fault['what']> = FaultOf<W> & Pick<PlannedFault, 'at' | 'forMs'>
type Undo = () => void
/** What is to be undone after forMs. */
type Play<F> = (fault: F, struck: Struck) => Undo

const nothing = () => {}

/**
 * How each kind of fault is played. A simulated service receives and processes, queue and ledger are servers that keep
 * what they have: a fault of the receivers or the processors strikes all services, one of a server the ways to it.
 */
const KINDS: { readonly [W in Fault['what']]: Play<Planned<W>> } = {
  kill({ target, forMs }, { wrong, services }) {
    const link = linkTo(target)
    if (link) return added(wrong.ways[link], 'refused', 1)
    services.kill(forMs)
    return nothing
  },
  restart({ forMs, each }, { services }) {
    services.restart(forMs, each ?? false)
    return nothing
  },
  pause({ target }, { wrong }) {
    const link = linkTo(target)
    return link ? wrong.ways[link].hangs.raise() : wrong.frozen.raise()
  },
  stall: (_, { wrong }) => wrong.frozen.raise(),
  'clock-jump': ({ byMs }, { wrong }) => added(wrong, 'clockOffsetMs', byMs),
  'slow-effects': ({ addMs }, { wrong }) => added(wrong, 'effectMs', addMs),
  'failing-effects': ({ share }, { wrong }) => added(wrong, 'effectFailShare', share),
  poison(bug, { wrong }) {
    wrong.poisons.add(bug)
    return () => void wrong.poisons.delete(bug)
  },
  throttle({ perS }, { wrong }) {
    wrong.throttlePerS = perS
    return () => {
      wrong.throttlePerS = Number.MAX_VALUE
    }
  },
  'slow-disk': ({ addMs }, { wrong }) => added(wrong, 'syncMs', addMs),
  'full-disk': (_, { wrong }) => added(wrong, 'disksFull', 1),
  latency({ target, addMs, jitterMs }, { wrong }) {
    const undo = added(wrong.ways[target], 'addMs', addMs)
    const undoJitter = added(wrong.ways[target], 'jitterMs', jitterMs)
    return () => {
      undo()
      undoJitter()
    }
  },
  cut: ({ target }, { wrong }) => added(wrong.ways[target], 'refused', 1),
  blackhole({ target }, { wrong }) {
    const undo = added(wrong.ways[target], 'requestsVanish', 1)
    const undoReplies = added(wrong.ways[target], 'repliesVanish', 1)
    return () => {
      undo()
      undoReplies()
    }
  },
  'drop-requests': ({ target }, { wrong }) => added(wrong.ways[target], 'requestsVanish', 1),
  'drop-replies': ({ target }, { wrong }) => added(wrong.ways[target], 'repliesVanish', 1),
}

/** Plans every fault of a simulation. Gives when the last of them is over, ms; 0 without any. */
export function scheduleFaults(faults: readonly PlannedFault[], durationMs: number, struck: Struck): number {
  for (const fault of faults) {
    struck.clock.after(fault.at * durationMs, () => {
      struck.clock.after(fault.forMs, (KINDS[fault.what] as Play<PlannedFault>)(fault, struck))
    })
  }
  return Math.max(0, ...faults.map(({ at, forMs }) => at * durationMs + forMs))
}

function linkTo(target: Fault['target']): LinkName | undefined {
  if (target === 'queue-server') return 'queue-link'
  return target === 'ledger-server' ? 'ledger-link' : undefined
}

function added<K extends string>(of: Record<K, number>, name: K, by: number): Undo {
  of[name] += by
  return () => {
    of[name] -= by
  }
}
