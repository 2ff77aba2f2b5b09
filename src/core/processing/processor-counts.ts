import type { Consuming } from './consuming.ts'
import type { DifferingCopies } from './differing-copies.ts'
import type { FanOut } from './fan-out.ts'
import type { Gaps } from './gaps.ts'
import type { LedgerOutage } from './ledger-outage.ts'

/** Counts since the start. With several named effects each is applied, fails and is buried by itself; deliveries are not. */
export interface ProcessorCounts {
  applied: number
  failed: number
  buried: number
  /** Deliveries of events that were settled before: absorbed. */
  duplicates: number
  /** Deliveries of events that another consumer held. */
  busy: number
}

export interface ProcessorState extends ProcessorCounts {
  /** Deliveries of events that no effect was for: they are settled with nothing done. */
  readonly unrouted: number
  /** Times that a circuit opened: an effect was paused because what it depends on seemed to be down. */
  readonly circuitsOpened: number
  /** Effects that are paused now. */
  readonly circuitsOpen: number
  /** Times that the ledger could store nothing, and whether it cannot now: no effect runs meanwhile. */
  readonly ledgerOutages: number
  readonly isLedgerOut: boolean
  /** Times that the queue's consumer ended although nobody stopped it, and whether one runs now. */
  readonly consumersEnded: number
  readonly isConsuming: boolean
  /** Gaps in the numbers of senders that number their events, and missing numbers that came after all. */
  readonly gaps: number
  readonly gapsFilled: number
  /** So many of the duplicates had another body than the event under their id. */
  readonly differing: number
}

interface Watched {
  readonly fanOut: FanOut
  readonly gaps: Gaps | undefined
  readonly outage: LedgerOutage
  readonly consuming: Consuming
  readonly copies: DifferingCopies
}

/** The counts of a processor that starts. What its parts count themselves is read from them. */
export function countsOf({ fanOut, gaps, outage, consuming, copies }: Watched): ProcessorState {
  return {
    ...({ applied: 0, failed: 0, buried: 0, duplicates: 0, busy: 0 } satisfies ProcessorCounts),
    get unrouted() {
      return fanOut.unrouted
    },
    get circuitsOpened() {
      return fanOut.opened
    },
    get circuitsOpen() {
      return fanOut.open
    },
    get ledgerOutages() {
      return outage.begun
    },
    get isLedgerOut() {
      return outage.isOut
    },
    get consumersEnded() {
      return consuming.ended
    },
    get isConsuming() {
      return consuming.isRunning
    },
    get gaps() {
      return gaps?.found ?? 0
    },
    get gapsFilled() {
      return gaps?.filled ?? 0
    },
    get differing() {
      return copies.found
    },
  }
}
