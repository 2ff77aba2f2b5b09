import type { RunConfig } from '../../plan/settings.ts'
import type { Plant, Resource } from '../../records/intervention.ts'
import type { ThreadPart } from '../../search/binding/binding-schema.ts'

/** A stack in which it is known what binds, far below what the machine could do. Rates are events a second. */
export interface Bottleneck {
  /** What the experiments are to name; and of a thread what it is busy with most. */
  readonly resource: Resource
  readonly part?: ThreadPart
  readonly config: Pick<RunConfig, 'receiver' | 'queue' | 'ledger'>
  readonly plant: Plant
  /** The same with half of it: what that gains is predicted, and then looked for. */
  readonly halved: Plant
  /** The ceiling as the law of the plant has it, for the search to begin at: so many places by the time that each is taken. */
  readonly lawPerS: number
}

export const BOTTLENECK_NAMES = ['main-thread', 'hmac-threads', 'slow-sync', 'broker-latency', 'slow-effects'] as const
export type BottleneckName = (typeof BOTTLENECK_NAMES)[number]

/** What each thing takes anyway, ms, and a timer that fires late. */
const OWN_MS = 1.5
const OWN_CPU_MS = 0.15
/** A disk that others use as well would bind now and then. */
const IN_MEMORY = { receiver: 'raw-http', queue: 'memory', ledger: 'memory' } as const

/** @param cores Of this machine: the receiver with threads of its own has one for each but the first. */
export function plantedBottlenecks(cores: number): Readonly<Record<BottleneckName, Bottleneck>> {
  return {
    'main-thread': mainThread(1),
    'hmac-threads': hmacThreads(0.8, Math.min(8, Math.max(1, cores - 1))),
    'slow-sync': slowSync(20, 24),
    'broker-latency': brokerLatency(40, 4, 12),
    'slow-effects': slowEffects(30, 2, 6),
  }
}

/** Effects that compute, in the one process that also receives. */
function mainThread(effectCpuMs: number): Bottleneck {
  return {
    ...{ resource: 'receiving-thread', part: 'effect', config: IN_MEMORY },
    ...{ plant: { effectCpuMs }, halved: { effectCpuMs: effectCpuMs / 2 } },
    lawPerS: 1_000 / (effectCpuMs + OWN_CPU_MS),
  }
}

/** So slow for each thread that all of them together hold the same rate on any machine. */
function hmacThreads(ms: number, threads: number): Bottleneck {
  const verifyCpuMs = ms * threads
  return {
    ...{ resource: 'verifying-threads', config: { ...IN_MEMORY, receiver: 'worker-hmac' } },
    ...{ plant: { verifyCpuMs }, halved: { verifyCpuMs: verifyCpuMs / 2 } },
    lawPerS: 1_000 / (ms + OWN_CPU_MS / 2),
  }
}

/** One publish at a time, and a sync for each. */
function slowSync(syncMs: number, publishEventsMax: number): Bottleneck {
  const places = { publishesMax: 1, publishEventsMax }
  return {
    ...{ resource: 'disk-sync', config: { ...IN_MEMORY, queue: 'embedded' } },
    ...{ plant: { syncMs, places }, halved: { syncMs: syncMs / 2, places } },
    lawPerS: (1_000 * publishEventsMax) / (syncMs + 2 * OWN_MS),
  }
}

function brokerLatency(publishMs: number, publishesMax: number, publishEventsMax: number): Bottleneck {
  const places = { publishesMax, publishEventsMax }
  return {
    ...{ resource: 'queue-latency', config: IN_MEMORY },
    ...{ plant: { publishMs, places }, halved: { publishMs: publishMs / 2, places } },
    lawPerS: (1_000 * publishesMax * publishEventsMax) / (publishMs + 2 * OWN_MS),
  }
}

/** Effects that wait, and so few of them at once that hardly two are of one key. */
function slowEffects(effectMs: number, handlersMax: number, batchEventsMax: number): Bottleneck {
  const places = { handlersMax, batchEventsMax }
  return {
    ...{ resource: 'effect-latency', config: IN_MEMORY },
    ...{ plant: { effectMs, places }, halved: { effectMs: effectMs / 2, places } },
    // Some wait for an event of the same key.
    lawPerS: (1_000 * handlersMax * batchEventsMax) / (1.1 * (effectMs + OWN_MS)),
  }
}
