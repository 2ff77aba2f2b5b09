import type { Attack } from '../../core/scenario.ts'
import type { Target } from '../sender/pool.ts'

/** What the attacking process is told first. Modules are file URLs. */
export interface AttackSetup {
  readonly kind: 'setup'
  /** Of the run; what is forged has ids of another. */
  readonly runId: string
  readonly seed: number
  readonly attacks: readonly Attack[]
  readonly durationMs: number
  readonly ratePerS: number
  readonly targets: readonly Target[]
  /** The secret is the right one, for what is signed and yet must be refused. */
  readonly routes: readonly { readonly path: string; readonly provider: string; readonly secret: string }[]
}

/** What one attack came to. */
export interface AttackTally {
  readonly kind: Attack['kind']
  readonly times: number
  /** ms since the start of the run. */
  fromMs: number
  untilMs: number
  /** Requests that it should have sent until it ended; of the slow, as many as it sent. */
  planned: number
  sent: number
  /** Answers by their status. 100: the receiver asked for the body. */
  readonly statuses: Record<string, number>
  /** Connections that the receiver closed without an answer. */
  closed: number
  /** Requests that had no answer when patience was over. */
  unanswered: number
  /** Slow connections that were still open at the end. */
  held: number
  /** How long the receiver bore the most patient of those that send a byte a second. */
  heldMaxMs: number
  /** What was not sent, and why. */
  readonly leftOut: readonly string[]
}

export type ToAttacker =
  | AttackSetup
  /** ms since the Unix epoch. */
  | { readonly kind: 'start'; readonly startAtMs: number }
  /** Every attack ends. */
  | { readonly kind: 'stop' }

export type FromAttacker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly tallies: readonly AttackTally[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
