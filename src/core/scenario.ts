/** What goes wrong on purpose. */
export type FaultKind =
  /** SIGKILL; started again after forMs. */
  | 'kill'
  /** SIGTERM, waits until it has ended by itself; started again after forMs. */
  | 'restart'
  /** SIGSTOP; SIGCONT after forMs. */
  | 'pause'

/** Whom it strikes: processes of the stack, or the server that queue or ledger need. */
export type PlannedFault = {
  /** When it begins, 0-1 of the duration. */
  readonly at: number
  readonly forMs: number
} & (
  | { readonly what: FaultKind; readonly target: 'receivers' | 'processors' | 'stack' }
  /** A server is not asked to end: it is killed, or it hangs. */
  | { readonly what: Exclude<FaultKind, 'restart'>; readonly target: 'queue-server' | 'ledger-server' }
)
export type FaultTarget = PlannedFault['target']

/** A scenario is data: what arrives, how senders behave, some bad luck, and a pass mark. Pure: one seed, one plan. */
export interface Scenario {
  readonly name: string
  /** One sentence: the question this scenario answers. */
  readonly question: string
  readonly durationMs: number
  /** A shorter run that keeps the scenario's meaning, ms. */
  readonly quickMs: number
  /** Events per second at `at` (0-1 of the duration), as a multiple of the base rate; arrivals are Poisson around it. */
  readonly shape: (at: number) => number
  /** Names for stretches of the shape, in order, for the live line and the report. `until`: 0-1 of the duration. */
  readonly phases: readonly { readonly name: string; readonly until: number }[]
  /** Base rate, events/s, when none is asked for. */
  readonly ratePerS: number
  readonly mix: readonly { readonly provider: string; readonly share: number }[]
  readonly keys: { readonly count: number; readonly zipf: number }
  /** Shares of the events whose effect fails on the first try only, and on every try (they must end as dead letters). */
  readonly effects: { readonly failOnce: number; readonly failAlways: number }
  readonly faults: readonly PlannedFault[]
  /** Refusals fail the run unless 'allowed', as where the stack is taken down on purpose. */
  readonly passes: { readonly acceptP99Ms: number; readonly drainMs: number; readonly refusals?: 'allowed' }
}

/** For a scenario of one's own: gives types and completion. */
export function defineScenario(scenario: Scenario): Scenario {
  return scenario
}
