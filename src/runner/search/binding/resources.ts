import { SERVICE_DEFAULTS } from '../../../core/service/limits.ts'
import type { Resource } from '../../records/intervention.ts'
import type { SenderUsage, Usage } from '../../report/usage.ts'
import type { TrialRecord } from '../ceiling-schema.ts'
import type { PlaceLimits } from './experiment.ts'

/** Something that may bind, as a load near the ceiling used it, and the delay that would show whether it does. */
export interface Candidate {
  readonly resource: Resource
  readonly process: string
  /** Share of the time that it is in use at the ceiling, or of its places. */
  readonly busy: number
  /** What an event takes of a thread or in hand, ms; of another resource what a sync or a publish takes. */
  readonly timeMs: number
  readonly addMs: number
  /** If it binds, the ceiling becomes this multiple of what it is. */
  readonly factor: number
}

/** A thread gets so much more to do, as a share of what it does. */
const MORE_WORK = 0.67
/** Timers keep whole ms. */
const WAIT_MIN_MS = 1
/** Less than that of a core is no thread that could bind. */
const THREADS_BUSY_MIN = 0.05
/** What is in use for less of the time at the ceiling binds in no case, and would not with the delay either. */
const BINDS_BUSY_MIN = 0.35
/** Cores bind where all of them together, with what senders and others use of them, are in use for more of the time. */
const CORES_BUSY_MIN = 0.85
export const PLACES: PlaceLimits = {
  publishesMax: SERVICE_DEFAULTS.publishesMax,
  heldEventsMax: SERVICE_DEFAULTS.handlersMax * SERVICE_DEFAULTS.batchEventsMax,
}

interface StackFacts {
  readonly ceilingPerS: number
  /** The receiver verifies in other threads. */
  readonly verifiesApart: boolean
  readonly places?: PlaceLimits
}
/** A trial near the ceiling, as far as it tells of resources. */
type NearCeiling = Pick<TrialRecord, 'ratePerS' | 'usages' | 'cores' | 'cpuPer1000' | 'machine'>

/** What of the stack may bind, the busiest first. */
export function candidatesOf(base: NearCeiling, stack: StackFacts): Candidate[] {
  const { usages, ratePerS } = base
  const here = usages.flatMap((usage) => [...threads(usage, stack.verifiesApart), ...waits(usage, stack.places)])
  const atCeiling = here.map((one) => {
    const busy = (one.busy * stack.ceilingPerS) / ratePerS
    const takesMs = placeMs({ ...one, busy })
    return { ...one, busy, factor: takesMs / (takesMs + one.addMs) }
  })
  return [...atCeiling, ...coresOf(base, stack)].toSorted((a, b) => b.busy - a.busy)
}

export const couldBind = ({ busy }: Pick<Candidate, 'busy'>) => busy >= BINDS_BUSY_MIN

type InUse = Omit<Candidate, 'factor'>

function threads(usage: Usage, verifiesApart: boolean): InUse[] {
  const { name, spanMs, mainCpuMs, threadsCpuMs, flows } = usage
  const receives = flows.requests.items > 0
  const events = receives ? flows.requests.items : usage.applied
  const thread = (resource: Resource, cpuMs: number | null): InUse[] => {
    if (!cpuMs || events === 0 || cpuMs / spanMs < THREADS_BUSY_MIN) return []
    const timeMs = cpuMs / events
    const addMs = MORE_WORK * timeMs
    return [{ resource, process: name, busy: cpuMs / spanMs, timeMs, addMs }]
  }
  return [
    ...thread(receives ? 'receiving-thread' : 'processing-thread', mainCpuMs),
    ...(receives && verifiesApart ? thread('verifying-threads', threadsCpuMs) : []),
  ]
}

/**
 * With one core fewer a stack that uses more than that has a lower ceiling, whether cores bind or not. So they are asked only
 * where hardly anything is left of them.
 */
function coresOf(base: NearCeiling, { ceilingPerS }: StackFacts): Candidate[] {
  const { cores, usages } = base
  const timeMs = stackCpuMs(usages)
  const used = (timeMs * ceilingPerS) / 1_000
  const busy = (coresMsOf(base) * ceilingPerS) / 1_000 / (cores ?? 1)
  if (cores === null || cores < 2 || used <= cores - 1 || busy < CORES_BUSY_MIN) return []
  return [{ resource: 'cores', process: 'the stack', busy, timeMs, addMs: 0, factor: (cores - 1) / used }]
}

/** CPU time of the stack for an event. */
function stackCpuMs(usages: readonly Usage[]): number {
  const sum = (of: (usage: Usage) => number) => usages.reduce((total, usage) => total + of(usage) / usage.spanMs, 0)
  return (
    sum(({ cpuMs }) => cpuMs) /
    Math.max(
      Number.MIN_VALUE,
      sum(({ applied }) => applied),
    )
  )
}

/** Time of cores for an event, with what senders and others took of them. */
function coresMsOf({ usages, cpuPer1000, machine, ratePerS }: NearCeiling): number {
  const stack = usages.map(({ name }) => name)
  const senders = Object.entries(cpuPer1000).filter(([name]) => !stack.includes(name))
  const sendersMs = senders.reduce((sum, [, seconds]) => sum + seconds, 0)
  return stackCpuMs(usages) + sendersMs + (1_000 * (machine.othersCores ?? 0)) / ratePerS
}

function waits({ name, spanMs, flows, syncs, syncMs }: Usage, places = PLACES): InUse[] {
  const wait = (resource: Resource, count: number, tookMs: number, busy: number): InUse[] => {
    if (count === 0) return []
    const timeMs = tookMs / count
    const addMs = Math.max(WAIT_MIN_MS, Math.ceil(timeMs))
    return [{ resource, process: name, busy, timeMs, addMs }]
  }
  const { publishes, batches } = flows
  const { publishesMax, heldEventsMax } = places
  return [
    ...wait('disk-sync', syncs, syncMs, syncMs / spanMs),
    ...wait('queue-latency', publishes.calls, publishes.tookMs, publishes.inHandMs / spanMs / publishesMax),
    ...wait('effect-latency', batches.items, batches.tookMs, batches.inHandMs / spanMs / heldEventsMax),
  ]
}

const THREADS: readonly Resource[] = ['receiving-thread', 'processing-thread']
const ON_CPU: readonly Resource[] = [...THREADS, 'verifying-threads']

/** How long one keeps a place at the ceiling: of a wait with the gap until the next one takes it. ms. */
function placeMs({ resource, timeMs, busy }: Pick<Candidate, 'resource' | 'timeMs' | 'busy'>): number {
  return ON_CPU.includes(resource) ? timeMs : timeMs / Math.min(1, busy)
}

/**
 * The ceiling if what binds took so much less time, ms; and what would bind then, where that is known to come first. Only threads
 * and cores are known so: a wait has larger batches at a higher load.
 */
export function ceilingWithLess(
  binds: Pick<Candidate, 'resource' | 'process' | 'timeMs' | 'busy'>,
  lessMs: number,
  base: NearCeiling,
  stack: StackFacts,
): { readonly perS: number; readonly next: Resource | null } {
  const { ceilingPerS } = stack
  const { resource, process } = binds
  const takesMs = placeMs(binds)
  const freed = (ceilingPerS * takesMs) / Math.max(Number.MIN_VALUE, takesMs - lessMs)
  const others = candidatesOf(base, stack)
    .filter((one) => THREADS.includes(one.resource) && !(one.resource === resource && one.process === process))
    .map((one) => ({ next: one.resource, perS: ceilingPerS / one.busy }))
  const coresMs = coresMsOf(base) - (ON_CPU.includes(resource) ? lessMs : 0)
  const cores = base.cores === null ? [] : [{ next: 'cores' as const, perS: (1_000 * base.cores) / coresMs }]
  const [first] = [...others, ...cores].toSorted((a, b) => a.perS - b.perS)
  return first && first.perS < freed
    ? { perS: Math.max(ceilingPerS, first.perS), next: first.next }
    : { perS: freed, next: null }
}

/** Of an event's time in hand what effects take, with their waiting for each other; the rest is claiming and settling. ms. */
export function effectsMsOf({ flows: { batches, claims, settles } }: Usage): number {
  const meanMs = ({ calls, tookMs }: Usage['flows']['claims']) => (calls === 0 ? 0 : tookMs / calls)
  return Math.max(0, batches.tookMs / Math.max(1, batches.items) - meanMs(claims) - meanMs(settles))
}

/** Little's law of a process's calls: the number in hand on average, and what rate and time make of it. */
export interface LittleCheck {
  readonly process: string
  readonly flow: string
  readonly inHand: number
  readonly rateTimesTime: number
  readonly ok: boolean
}

const LITTLE_SHARE = 0.02
/** With fewer in hand on average, what begins or ends at the edges decides. */
const IN_HAND_MIN = 0.02
/** Calls at the edges of the span are in one of the two and not in the other. */
const EDGE_CALLS = 4

export function littleOf(usages: readonly Usage[], senders: readonly SenderUsage[] = []): LittleCheck[] {
  const flows = [
    ...usages.flatMap(({ name, spanMs, flows: own }) =>
      Object.entries(own).map(([flow, reading]) => ({ process: name, spanMs, flow, ...reading })),
    ),
    ...senders.map(({ name, spanMs, attempts }) => ({ process: name, spanMs, flow: 'attempts', ...attempts })),
  ]
  return flows.flatMap(({ process, spanMs, flow, calls, items, tookMs, inHandMs }) => {
    const [inHand, rateTimesTime] = [inHandMs / spanMs, tookMs / spanMs]
    // Of a batch each event is in hand by itself.
    const count = flow === 'batches' ? items : calls
    if (count === 0 || inHand < IN_HAND_MIN) return []
    const edge = (EDGE_CALLS * Math.ceil(inHand) * (tookMs / count)) / spanMs
    const ok = Math.abs(inHand - rateTimesTime) <= LITTLE_SHARE * inHand + edge
    return [{ process, flow, inHand, rateTimesTime, ok }]
  })
}
