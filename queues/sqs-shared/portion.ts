import type { Delivery } from '../../src/core/contracts/queue.ts'

export interface HeldMessage {
  readonly receipt: string
  readonly delivery: Delivery
  readonly bytes: number
}

/** The messages of one receive, in order. They are handed out and renewed as a whole, and settled key by key. */
export interface Portion {
  readonly held: readonly HeldMessage[]
  readonly bytes: number
  /** When the lease ends, by the monotonic clock. */
  untilMs: number
  /** Verdicts that SQS is told in the next call. */
  acked: string[]
  again: { readonly receipt: string; readonly seconds: number }[]
  settling: Promise<void> | undefined
}
