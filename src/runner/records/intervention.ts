/** Work of an event that can be done twice: it has no effect beside the one it is for. */
export const STAGES = ['verify', 'parse', 'encode', 'claim', 'settle', 'effect'] as const
export type Stage = (typeof STAGES)[number]

/**
 * What can be made slower by itself. The threads that run JavaScript, of processes that receive and of those that process; threads
 * that verify signatures; the disk, at each fdatasync; the way to the queue, at each publish; effects that wait for something, by each
 * batch; and cores, of which the stack gets one fewer.
 */
export const RESOURCES = [
  'receiving-thread',
  'processing-thread',
  'verifying-threads',
  'disk-sync',
  'queue-latency',
  'effect-latency',
  'cores',
] as const
export type Resource = (typeof RESOURCES)[number]

/** What a trial does to a stack on purpose, to see what becomes of its ceiling or of its CPU time. */
export type Intervention =
  | { readonly what: 'twice'; readonly stage: Stage }
  /** Requests are answered with 200 and nothing is done with them: what is left is HTTP. */
  | { readonly what: 'answer-only' }
  /** The processes of the stack may run on one core fewer each. */
  | { readonly what: 'fewer-cores' }
  /** Delays a thread by work for each event, and any other resource by a wait. */
  | { readonly what: 'delay'; readonly resource: Resource; readonly addMs: number }

/**
 * What stands in a stack from its start to its end, so that it is known what binds. Whatever a trial does to the stack comes on top.
 * Absent: nothing of it.
 */
export interface Plant {
  /** Each effect keeps the thread that runs JavaScript busy for so much longer, and each verification the thread that verifies. */
  readonly effectCpuMs?: number
  readonly verifyCpuMs?: number
  /** Each fdatasync, publish or effect waits so much longer. */
  readonly syncMs?: number
  readonly publishMs?: number
  readonly effectMs?: number
  /** Most publishes under way, events of one, batches in hand, and events of one. */
  readonly places?: {
    readonly publishesMax?: number
    readonly publishEventsMax?: number
    readonly handlersMax?: number
    readonly batchEventsMax?: number
  }
}
