import { SERVICE_DEFAULTS } from '../../../core/service/limits.ts'
import type { Resource } from '../../records/intervention.ts'
import type { Usage } from '../../report/usage.ts'

/** Something that may bind, as a load near the ceiling used it, and the delay that would show whether it does. */
export interface Candidate {
  readonly resource: Resource
  readonly process: string
  /** Share of the time that it was in use, or of its places. */
  readonly busy: number
  /** What an event takes of a thread, ms; of another resource what a sync, a publish or a batch takes. */
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

interface StackFacts {
  readonly ceilingPerS: number
  /** The receiver verifies in other threads. */
  readonly verifiesApart: boolean
  /** That the stack may run on; null: not known. */
  readonly cores: number | null
}

/** What of the stack may bind, the busiest first. */
export function candidatesOf(usages: readonly Usage[], stack: StackFacts): Candidate[] {
  const found = usages.flatMap((usage) => [...threads(usage, stack.verifiesApart), ...waits(usage)])
  return [...found, ...coresOf(usages, stack)].toSorted((a, b) => b.busy - a.busy)
}

function threads(usage: Usage, verifiesApart: boolean): Candidate[] {
  const { name, spanMs, mainCpuMs, threadsCpuMs, flows } = usage
  const receives = flows.requests.items > 0
  const events = receives ? flows.requests.items : usage.applied
  const thread = (resource: Resource, cpuMs: number | null): Candidate[] => {
    if (!cpuMs || events === 0 || cpuMs / spanMs < THREADS_BUSY_MIN) return []
    const timeMs = cpuMs / events
    const addMs = MORE_WORK * timeMs
    return [{ resource, process: name, busy: cpuMs / spanMs, timeMs, addMs, factor: timeMs / (timeMs + addMs) }]
  }
  return [
    ...thread(receives ? 'receiving-thread' : 'processing-thread', mainCpuMs),
    ...(receives && verifiesApart ? thread('verifying-threads', threadsCpuMs) : []),
  ]
}

/** With one core fewer there is less than the stack uses at its ceiling: else that could show nothing. */
function coresOf(usages: readonly Usage[], { cores, ceilingPerS }: StackFacts): Candidate[] {
  const sum = (of: (usage: Usage) => number) => usages.reduce((total, usage) => total + of(usage) / usage.spanMs, 0)
  const timeMs =
    sum(({ cpuMs }) => cpuMs) /
    Math.max(
      Number.MIN_VALUE,
      sum(({ applied }) => applied),
    )
  const used = (timeMs * ceilingPerS) / 1_000
  if (cores === null || cores < 2 || used <= cores - 1) return []
  return [{ resource: 'cores', process: 'the stack', busy: used / cores, timeMs, addMs: 0, factor: (cores - 1) / used }]
}

function waits({ name, spanMs, flows, syncs, syncMs }: Usage): Candidate[] {
  const wait = (resource: Resource, calls: number, tookMs: number, busy: number): Candidate[] => {
    if (calls === 0) return []
    const timeMs = tookMs / calls
    const addMs = Math.max(WAIT_MIN_MS, Math.ceil(timeMs))
    return [{ resource, process: name, busy, timeMs, addMs, factor: timeMs / (timeMs + addMs) }]
  }
  const { publishes, batches } = flows
  const { publishesMax, handlersMax } = SERVICE_DEFAULTS
  return [
    ...wait('disk-sync', syncs, syncMs, syncMs / spanMs),
    ...wait('queue-latency', publishes.calls, publishes.tookMs, publishes.inHandMs / spanMs / publishesMax),
    ...wait('effect-latency', batches.calls, batches.tookMs, batches.inHandMs / spanMs / handlersMax),
  ]
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

export function littleOf(usages: readonly Usage[]): LittleCheck[] {
  return usages.flatMap(({ name, spanMs, flows }) =>
    Object.entries(flows).flatMap(([flow, { calls, tookMs, inHandMs }]) => {
      const [inHand, rateTimesTime] = [inHandMs / spanMs, tookMs / spanMs]
      if (calls === 0 || inHand < IN_HAND_MIN) return []
      const edge = (EDGE_CALLS * Math.ceil(inHand) * (tookMs / calls)) / spanMs
      const ok = Math.abs(inHand - rateTimesTime) <= LITTLE_SHARE * inHand + edge
      return [{ process: name, flow, inHand, rateTimesTime, ok }]
    }),
  )
}
