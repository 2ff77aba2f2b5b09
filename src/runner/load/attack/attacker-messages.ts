import type { AttackTally } from '../../records/facts.ts'
import type { Attack } from '../../scenario/scenario.ts'
import type { Destination } from '../sender/connection.ts'

/** What the attacking process is told first. Modules are file URLs. */
export interface AttackSetup {
  readonly kind: 'setup'
  /** The run's id. Forged requests have ids of another run. */
  readonly runId: string
  readonly seed: number
  readonly attacks: readonly Attack[]
  readonly durationMs: number
  readonly ratePerS: number
  readonly destinations: readonly Destination[]
  /** The secret is the right one, for requests that are signed and yet must be refused. */
  readonly routes: readonly { readonly path: string; readonly provider: string; readonly secret: string }[]
}

export type ToAttacker =
  | AttackSetup
  /** By the clock of the run. */
  | { readonly kind: 'start'; readonly startAtMs: number }
  /** Every attack ends. */
  | { readonly kind: 'stop' }

export type FromAttacker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly tallies: readonly AttackTally[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
