/** Calls of one kind since a process started. */
export interface FlowReading {
  /** Calls that ended, and what they carried: events, mostly. */
  readonly calls: number
  readonly items: number
  /** The sum of the times that they took. */
  readonly tookMs: number
  /** The number in hand, summed over time: of a second with two in hand 2,000. By Little's law it grows as tookMs does. */
  readonly inHandMs: number
}

/**
 * The calls that are counted: requests in the receiver, publishes to the queue, batches of the processor, and what it asks of the
 * ledger. Of a batch each event is in hand by itself, until its verdict is told: the times are those of events.
 */
export const FLOWS = ['requests', 'publishes', 'batches', 'claims', 'settles', 'effects'] as const
export type FlowName = (typeof FLOWS)[number]

/** What a process of the stack has used and done since it started. Times in ms. null: the system does not say. */
export interface MeterReading {
  readonly flows: Readonly<Record<FlowName, FlowReading>>
  /** CPU time of the thread that runs JavaScript, and of all others together. */
  readonly mainCpuMs: number | null
  readonly threadsCpuMs: number | null
  readonly gcMs: number
  /** Calls of fdatasync through Node, and how long they took together. Those of libraries of their own are not seen. */
  readonly syncs: number
  readonly syncMs: number
  /** The longest that the event loop was late since the reading before. */
  readonly loopDelayMaxMs: number
  /** Both directions: of connections that it took, and of those that it made. Connections that ended count too. */
  readonly servedBytes: number
  readonly askedBytes: number
  /** Connections to this machine that the system dropped because nobody took them in time. */
  readonly listenOverflows: number | null
}
