import type { Band } from '../render/marks.ts'

/** What the page of a run that goes on is told; times in ms since the start of its run. */
export type ToLive =
  | { readonly kind: 'begin'; readonly run: LiveRun }
  /** What the run is doing, and the time of sending that is left. */
  | { readonly kind: 'phase'; readonly name: string }
  | { readonly kind: 'sample'; readonly sample: LiveSample }
  /** A run of several has ended: a line about it. */
  | { readonly kind: 'note'; readonly text: string }
  /** What the trials so far come to. */
  | { readonly kind: 'found'; readonly lines: readonly string[] }
  /** All is over: the page becomes this file. */
  | { readonly kind: 'done'; readonly page: string }

export type FromLive =
  | { readonly kind: 'listening'; readonly port: number }
  /** Everybody who looked has the report now, or nobody looked. */
  | { readonly kind: 'handed-over' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export interface LiveRun {
  readonly title: string
  readonly durationMs: number
  readonly phases: readonly { readonly name: string; readonly fromMs: number; readonly untilMs: number }[]
  readonly acceptP99Ms: number
  readonly senders: number
  /** When faults are to strike. */
  readonly bands: readonly Band[]
}

/** Counts since the start, of all senders and processes together. */
export interface LiveSample {
  readonly atMs: number
  readonly sent: number
  readonly retries: number
  readonly accepted: number
  readonly refused: number
  readonly unanswered: number
  readonly unsent: number
  /** null: nobody has told of it yet, or of a target's effects at all. */
  readonly applied: number | null
  readonly buried: number | null
  readonly backlog: number | null
  /** Of the last half second's accepted attempts. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Of all first attempts that were accepted until now; of several senders the worst. */
  readonly firstP99Ms: number | null
}
