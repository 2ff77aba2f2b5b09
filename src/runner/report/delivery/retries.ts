import type { RetryPolicy } from '../../../core/contracts/provider.ts'
import type { Cause, Outcome } from '../../plan/outcome.ts'
import { GIVEN_UP, nextAttempt } from '../../plan/retry.ts'
import type { Attempt } from '../../records/journal.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { ScheduleCheck } from './schedule-check.ts'

/** Why an event that was never accepted is sent no more. */
export const NO_MORE = [...GIVEN_UP, 'run-ended', 'no-retries'] as const
type NoMore = (typeof NO_MORE)[number]

export interface Retries {
  /** Requests sent, and how many that is for each event. */
  readonly attempts: number
  readonly amplification: number
  /** Events never accepted, by whom they were given up and why. */
  readonly givenUp: { readonly provider: string; readonly reason: NoMore; readonly count: number }[]
  /** Retries that were compared with their providers' schedules, and those that were not due by them, within the jitter. */
  readonly retriesChecked: number
  readonly retriesOffSchedule: number
}

/** What retries are counted from: of a run, or of its simulation. Events whose attempts are all there, in the order they ended. */
export function retriesOf(
  scenario: Pick<Scenario, 'mix' | 'retries' | 'copiesMax'>,
  policies: readonly RetryPolicy[],
  attempts: Iterable<Readonly<Attempt>>,
): Retries {
  // Copies of an event are no retries.
  const compared = scenario.copiesMax === undefined ? scenario.retries : undefined
  const schedules = compared && new ScheduleCheck(policies, compared.timeScale)
  const last = new Map<number, { attempt: number; provider: number; outcome: Outcome; status: number; cause: Cause }>()
  const accepted = new Set<number>()
  const events = new Set<number>()
  let sent = 0
  for (const one of attempts) {
    const { seq, attempt, provider, outcome, status, cause } = one
    schedules?.note(one)
    if (cause === 'lost-by-sender') continue
    events.add(seq)
    if (outcome !== 'unsent' && cause !== 'disabled') sent++
    if (outcome === 'accepted') {
      accepted.add(seq)
      last.delete(seq)
    } else if (!accepted.has(seq)) last.set(seq, { attempt, provider, outcome, status, cause })
  }
  const counts = new Map<string, number>()
  for (const { attempt, provider, outcome, status, cause } of last.values()) {
    if (outcome === 'unsent' || outcome === 'accepted') continue
    const ended = { attempt, outcome, status, cause, retryAfterS: undefined, doneMs: 0 }
    const next = nextAttempt(policies[provider]!, ended, 1, () => 0.5)
    const reason = cause === 'disabled' ? 'endpoint-disabled' : whyNot(scenario, next)
    const key = `${scenario.mix[provider]!.provider}\0${reason}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const givenUp = [...counts].map(([key, count]) => {
    const [provider, reason] = key.split('\0') as [string, NoMore]
    return { provider, reason, count }
  })
  return {
    attempts: sent,
    amplification: events.size === 0 ? 1 : sent / events.size,
    givenUp,
    retriesChecked: schedules?.checked ?? 0,
    retriesOffSchedule: schedules?.off ?? 0,
  }
}

function whyNot(scenario: Pick<Scenario, 'retries'>, next: ReturnType<typeof nextAttempt>): NoMore {
  if (typeof next === 'object' && 'givenUp' in next) return next.givenUp
  return scenario.retries ? 'run-ended' : 'no-retries'
}
