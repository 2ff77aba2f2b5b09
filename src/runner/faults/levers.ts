import type { Clock } from '../../core/contracts/clock.ts'
import type { Effect } from '../../core/contracts/ledger.ts'
import type { Queue } from '../../core/contracts/queue.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { LinkPart } from './planned-fault.ts'
import type { Undo } from './victim.ts'
import type { Wrap } from './wraps.ts'

export type Publish = Queue['publish']

/**
 * What a fault can do inside a process of the stack, real or simulated. Each lever returns what undoes it. Pulls add up, and each
 * takes back only what it added.
 */
export interface ProcessLevers {
  /** To wait by. Its wall time is right whatever shiftClock does. */
  readonly clock: Clock
  readonly random: Random
  /** Puts something around every effect that begins from now on. */
  wrapEffect(wrap: Wrap<Effect>): Undo
  /** Puts something around every publish that begins from now on. `wrap` is called once for each process. */
  wrapPublish(wrap: Wrap<Publish>): Undo
  /** The ledger refuses every settlement and every probe. Claims, and what is read, are as always. */
  refuseSettlements(): Undo
  /** Each fdatasync that the process asks Node for takes `ms` longer. Simulated: each publish that is stored. */
  delaySyncs(ms: number): Undo
  /** The process's wall clock is off by `ms`. Its monotonic clock is not. */
  shiftClock(ms: number): Undo
  /** Blocks the event loop. There is no way to end that early. */
  blockLoop(ms: number): void
}

/** What can be wrong with a simulated link. A link that is struck twice recovers when both are undone. */
export interface LinkLevers {
  /** Nobody answers. New calls fail and have done nothing. Calls that wait for an answer fail and may have been carried out. */
  refuse(): Undo
  dropRequests(): Undo
  dropReplies(): Undo
  /** Each direction takes `addMs` longer, and up to `jitterMs` more. */
  delay(addMs: number, jitterMs: number): Undo
  /** The far end hangs. Everything that arrives meanwhile is handled once it goes on. */
  hang(): Undo
}

/**
 * What a fault can do to a simulation. Every simulated service receives and processes, and queue and ledger are servers that keep
 * what they have: so a lever of a process acts on all services, and a fault of a server acts on the links to it.
 */
export interface Conditions extends ProcessLevers {
  readonly links: Readonly<Record<LinkPart, LinkLevers>>
  readonly services: ServiceControl
  /** Every process stands still: its timers and everything that reaches it wait. */
  freeze(): Undo
  /** Queue and ledger can store nothing. */
  fillDisks(): Undo
}

export interface ServiceControl {
  /** All services end at once and stay down for so long. */
  kill(forMs: number): void
  /** They take no more requests, finish what they have, end, and stay down for so long. `each`: one after the other. */
  restart(forMs: number, each: boolean): void
}
