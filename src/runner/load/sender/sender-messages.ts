import type { RunSettings } from '../../plan/settings.ts'
import type { Certificate, Progress } from '../../records/facts.ts'
import type { SendingRouteSetup } from '../../scenario/sending-route.ts'
import type { Trace } from '../../scenario/trace.ts'
import type { Destination } from './connection.ts'
import type { ResendPlan } from './resends.ts'

/** What a sender process is told first. Modules are file URLs, so that one's own scenario works like ours. */
export interface SenderSetup {
  readonly kind: 'setup'
  readonly runId: string
  /** All of them; seed, duration and rate are said below, because a warm-up has others. */
  readonly settings: RunSettings
  readonly seed: number
  readonly scenario: string
  /** In place of the scenario's shape. */
  readonly trace: Trace | undefined
  readonly durationMs: number
  readonly ratePerS: number
  /** Each event once, whatever the scenario: copies would be absorbed while the run goes on, and counted as its own. */
  readonly warmUp?: true
  /** This sender takes the arrivals whose seq modulo count is index. */
  readonly senders: { readonly index: number; readonly count: number }
  readonly destinations: readonly Destination[]
  /** By position in the scenario's mix. */
  readonly routes: readonly SendingRouteSetup[]
  readonly journalPath: string
  /** The sender gives up when an attempt would be so many ms late. */
  readonly latenessMaxMs: number
  /** It sends events again that others sent before, and none of the plan's arrivals. */
  readonly resend?: ResendPlan
}

export type ToSender =
  | SenderSetup
  /** Times of the journal count from here, by the clock of the run. */
  | { readonly kind: 'start'; readonly startAtMs: number }
  /** Send no more; wait for attempts in flight. */
  | { readonly kind: 'stop' }

export type FromSender =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly certificate: Certificate }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
