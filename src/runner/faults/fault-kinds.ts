import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Fault, PlannedFault } from '../scenario/scenario.ts'
import type { Misbehaviour } from '../testbed/misbehave.ts'
import type { LinkMode } from '../testbed/tcp-proxy.ts'
import type { Undo, Victim } from '../testbed/victim.ts'

type Of<W extends Fault['what']> = Extract<PlannedFault, { what: W }>
type Strike<F> = (victim: Victim, fault: F) => Promise<Undo>

/** What each kind of fault does, and how it is undone. */
const KINDS: { readonly [W in Fault['what']]: Strike<Of<W>> } = {
  async kill(victim) {
    await able(victim, 'kill')()
    return able(victim, 'start')
  },
  async restart(victim) {
    await able(victim, 'stop')()
    return able(victim, 'start')
  },
  async pause(victim) {
    able(victim, 'pause')()
    return able(victim, 'resume')
  },
  stall: misbehaving(({ forMs }) => ({ stallMs: forMs }), {}),
  'clock-jump': misbehaving(({ byMs }) => ({ clockOffsetMs: byMs }), { clockOffsetMs: 0 }),
  'slow-effects': misbehaving(({ addMs }) => ({ effectMs: addMs }), { effectMs: 0 }),
  'failing-effects': misbehaving(({ share }) => ({ failShare: share }), { failShare: 0 }),
  poison: misbehaving(({ provider, type }) => ({ poison: { provider, type } }), { poison: null }),
  'slow-disk': misbehaving(({ addMs }) => ({ syncMs: addMs }), { syncMs: 0 }),
  throttle: misbehaving(({ perS }) => ({ throttlePerS: perS }), { throttlePerS: Number.MAX_VALUE }),
  'full-disk': (victim) => able(victim, 'fillDisk')(),
  latency: onLink(({ addMs, jitterMs }) => ({ latencyMs: addMs, jitterMs })),
  async cut(victim) {
    const link = able(victim, 'link')
    await link.set('refuse')
    link.cut()
    return () => link.set('pass')
  },
  blackhole: onLink(() => 'blackhole'),
  'drop-requests': onLink(() => 'drop-requests'),
  'drop-replies': onLink(() => 'drop-replies'),
}

/** Resolves when the fault is on; what it gives undoes it. @throws FloodmarkError 'misuse' where the victim cannot be struck so. */
export function strike(fault: PlannedFault, victim: Victim): Promise<Undo> {
  return (KINDS[fault.what] as Strike<PlannedFault>)(victim, fault)
}

/** A few words for the report. */
export function describeFault(fault: Fault): string {
  if ('addMs' in fault) return `${fault.what} +${fault.addMs} ms`
  if ('perS' in fault) return `${fault.what} ${fault.perS}/s`
  if ('byMs' in fault) return `${fault.what} ${fault.byMs / 1_000} s`
  if (fault.what === 'poison') return `poison: ${fault.provider} ${fault.type}`
  return 'share' in fault ? `${fault.what} ${fault.share * 100}%` : fault.what
}

type Misbehave = Partial<Misbehaviour> & { readonly stallMs?: number }

function misbehaving<F>(on: (fault: F) => Misbehave, off: Misbehave): Strike<F> {
  return async (victim, fault) => {
    const misbehave = able(victim, 'misbehave')
    misbehave(on(fault))
    return () => misbehave(off)
  }
}

function onLink<F>(mode: (fault: F) => LinkMode): Strike<F> {
  return async (victim, fault) => {
    const link = able(victim, 'link')
    await link.set(mode(fault))
    return () => link.set('pass')
  }
}

function able<K extends Exclude<keyof Victim, 'name'>>(victim: Victim, what: K): NonNullable<Victim[K]> {
  const found = victim[what]
  if (found === undefined) throw new FloodmarkError('misuse', `${victim.name} cannot be struck so: it has no ${what}`)
  return found
}
