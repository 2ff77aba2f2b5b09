import { setTimeout as wait } from 'node:timers/promises'
import { isLoopback, shownUrl } from '../../core/base/kit/address.ts'
import { perS, seconds } from '../../core/base/words.ts'
import type { Plan } from '../plan/plan-run.ts'
import { type RunSettings, secretVariable } from '../plan/settings.ts'
import { peakOf } from '../plan/spike.ts'

/** The wait before anything is sent to a machine that may be another's. */
const PAUSE_MS = 5_000

interface SentToTarget {
  /** The most that is sent in a second. Default: that of the plan. */
  readonly peakPerS?: number
  /** For how long. Default: that of the plan. */
  readonly lasts?: string
}

/** Says what will be sent to targets, before it is. Where one is not this machine there is time to think again. */
export async function noticeTargets(
  plans: readonly Plan[],
  interrupt: AbortSignal,
  sent: SentToTarget = {},
): Promise<void> {
  const away = plans.some(({ target }) => target && !isLoopback(target.host))
  const lines = [
    ...plans.flatMap((plan) => linesOf(plan, sent)),
    ...(away ? [`be sure that you may: it begins in ${PAUSE_MS / 1_000} s, and Ctrl-C ends it before`] : []),
  ]
  for (const line of new Set(lines)) process.stderr.write(`floodmark: ${line}\n`)
  if (away) await wait(PAUSE_MS, undefined, { signal: interrupt }).catch(() => {})
}

function linesOf(plan: Plan, { peakPerS, lasts }: SentToTarget): string[] {
  const { target, settings, routes } = plan
  if (!target) return []
  const most = `at most ${perS(peakPerS ?? peakOfPlan(plan))}, ${lasts ?? `for ${seconds(plan.durationMs)} a run`}`
  return [
    `sends to ${shownUrl(settings.target!)} (host ${target.name}): ${most}`,
    secretWords(settings, [...new Set(routes.map(({ source }) => source))]),
  ]
}

function peakOfPlan({ scenario, trace, ratePerS }: Plan): number {
  return ratePerS * peakOf(scenario, trace?.length)
}

/** Which of the senders sign with what the target knows. */
function secretWords({ signing = {} }: RunSettings, sources: readonly string[]): string {
  const unknown = sources.filter((source) => signing[source] === undefined)
  const variables = unknown.map(secretVariable)
  if (variables.length === 0) return 'each request is signed with the secret that you gave'
  return `a server that verifies will refuse what is signed with a secret of our own; to give yours, set ${variables.join(', ')}`
}
