import type { RetryPolicy } from '../../core/contracts/provider.ts'
import type { Cause, Outcome } from '../plan/outcome.ts'
import { type GivenUp, nextAttempt, timeoutMs } from '../plan/retry.ts'
import type { Attempt } from '../records/journal.ts'
import type { RunRecord } from '../records/run-record.ts'
import { providerOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { diagnose } from './diagnosis.ts'
import { afterFaults, recovery } from './recovery.ts'
import type { Report } from './report-schema.ts'
import { ScheduleCheck } from './schedule-check.ts'

type Delivery = Report['delivery']
type Timeline = Report['timeline']

/** What the providers' retries made of the load, and what became of it when the faults were over. */
export async function deliveryOf(
  scenario: Scenario,
  record: RunRecord,
  attempts: Iterable<Readonly<Attempt>>,
  timeline: Timeline,
): Promise<Delivery> {
  const policies = await Promise.all(scenario.mix.map(({ provider }) => policyOf(provider)))
  const tally = retriesOf(scenario, policies, attempts)
  const after = afterFaults(record, timeline)
  const timeoutsMs = policies.map((policy) => timeoutMs(policy, scenario.retries))
  return {
    ...tally,
    cutOff: record.certificates.reduce((sum, one) => sum + one.cutOff, 0),
    ...recovery(after),
    diagnosis: diagnose(scenario, record, after, timeoutsMs),
  }
}

/** What retries are counted from: of a run, or of its simulation. Events whose attempts are all there, in the order they ended. */
export function retriesOf(
  scenario: Pick<Scenario, 'mix' | 'retries' | 'copiesMax'>,
  policies: readonly RetryPolicy[],
  attempts: Iterable<Readonly<Attempt>>,
): Pick<Delivery, 'attempts' | 'amplification' | 'givenUp' | 'retriesChecked' | 'retriesOffSchedule'> {
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
    const reason = cause === 'disabled' ? 'endpoint disabled' : whyNot(scenario, next)
    const key = `${scenario.mix[provider]!.provider}\0${reason}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const givenUp = [...counts].map(([key, count]) => {
    const [provider, reason] = key.split('\0')
    return { provider: provider!, reason: reason!, count }
  })
  return {
    attempts: sent,
    amplification: events.size === 0 ? 1 : sent / events.size,
    givenUp,
    retriesChecked: schedules?.checked ?? 0,
    retriesOffSchedule: schedules?.off ?? 0,
  }
}

async function policyOf(name: string) {
  return (await providerOf(name)).delivery
}

function whyNot(
  scenario: Pick<Scenario, 'retries'>,
  next: ReturnType<typeof nextAttempt>,
): GivenUp | 'the run ended first' | 'no retries in this run' {
  if (typeof next === 'object' && 'givenUp' in next) return next.givenUp
  return scenario.retries ? 'the run ended first' : 'no retries in this run'
}
