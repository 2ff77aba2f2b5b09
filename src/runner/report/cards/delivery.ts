import { z } from 'zod'
import { grouped, inWords, seconds } from '../../../core/base/words.ts'
import { policyOf } from '../../plan/recorded-plan.ts'
import { timeoutMs } from '../../plan/retry.ts'
import { defineCard } from '../card.ts'
import { check, generatorCheck, share } from '../check.ts'
import { count } from '../common-schema.ts'
import { diagnose, diagnosisSchema } from '../delivery/diagnosis.ts'
import { diagnosisWords } from '../delivery/diagnosis-words.ts'
import { afterFaults, GOODPUT_MIN, recovery } from '../delivery/recovery.ts'
import { NO_MORE, retriesOf } from '../delivery/retries.ts'
import type { JudgedRun } from '../judged-run.ts'

const schema = z.object({
  /** Requests sent, and how many that is for each event. */
  attempts: count,
  amplification: z.number(),
  /** Attempts that would have come after the end of the run. */
  cutOff: count,
  /** Events never accepted, by whom they were given up and why. */
  givenUp: z.array(z.object({ provider: z.string(), reason: z.enum(NO_MORE), count })),
  /** Retries that were compared with their providers' schedules, and those that were not due by them, within the jitter. */
  retriesChecked: count,
  retriesOffSchedule: count,
  /** Accepted events for each first attempt, well after the last fault; null where there is nothing to judge. */
  goodputAfter: z.number().nullable(),
  /** From the end of the last fault until goodput stays up; null where it does not, or there is nothing to judge. */
  recoveredMs: z.number().nullable(),
  /** null without retries, or where there is nothing to judge. */
  diagnosis: diagnosisSchema.nullable(),
})
type DeliveryFigures = z.infer<typeof schema>

/** What the providers' retries made of the load, and what became of it when the faults were over. Every run has it. */
export const delivery = defineCard({
  schema,
  make: deliveryOf,
  checks: (card) => (card ? [...schedulesCheck(card), ...goodputCheck(card)] : []),
  checkWords: {
    'retry-schedules': {
      title: "retries kept their providers' schedules",
      wanted: () => 'all of them',
      remedy: 'Lower --rate, or run it on a quieter machine.',
    },
    'goodput-after-fault': {
      title: 'goodput after the last fault (below, the state is metastable)',
      wanted: ({ atLeast }) => `at least ${inWords(atLeast)} of the first attempts`,
    },
  },
  words({ attempts, amplification, recoveredMs, givenUp, diagnosis }) {
    const back = recoveredMs === null ? '' : `; goodput was back ${seconds(recoveredMs)} after the last fault`
    const rows = givenUp.map((one) => [one.provider, BECAUSE[one.reason], one.count])
    return {
      blocks: [
        { paragraph: `${grouped(attempts)} attempts, ${amplification.toFixed(2)} for each event${back}.` },
        ...(rows.length === 0
          ? []
          : [{ heading: 'Never accepted, and given up' }, { head: ['by', 'because', 'events'], rows }]),
      ],
      ...(diagnosis && {
        lead: {
          text: diagnosisWords({ ...diagnosis, recoveredMs }),
          tone: diagnosis.state === 'recovered' ? 'good' : 'bad',
        },
      }),
    }
  },
})

const BECAUSE: Readonly<Record<(typeof NO_MORE)[number], string>> = {
  'attempts-used-up': 'attempts used up',
  'final-status': 'final status',
  'asked-not-to-retry': 'asked not to try again',
  'only-failed-connections-retried': 'only failed connections are tried again',
  'endpoint-disabled': 'endpoint disabled',
  'run-ended': 'the run ended first',
  'no-retries': 'no retries in this run',
}

function deliveryOf(run: JudgedRun): DeliveryFigures {
  const { plan, scenario, record, setup, timeline } = run
  const policies = plan.sources.map(policyOf)
  const after = afterFaults(record, timeline, setup.durationMs)
  const timeoutsMs = policies.map((policy) => timeoutMs(policy, scenario.retries))
  return {
    ...retriesOf(scenario, policies, run.attempts()),
    cutOff: record.certificates.reduce((sum, one) => sum + one.cutOff, 0),
    ...recovery(after),
    diagnosis: diagnose(scenario, run, after, timeoutsMs),
  }
}

/** What makes the numbers of a storm true: each retry was due when its provider would have made it. */
function schedulesCheck({ retriesChecked, retriesOffSchedule }: DeliveryFigures) {
  if (retriesChecked === 0) return []
  const measured = { count: retriesChecked - retriesOffSchedule, of: retriesChecked }
  return [generatorCheck('retry-schedules', retriesOffSchedule === 0, { measured })]
}

/** Where faults were over in time: does it work again, or do the retries keep it down? */
function goodputCheck({ goodputAfter }: DeliveryFigures) {
  if (goodputAfter === null) return []
  const values = { measured: share(goodputAfter), atLeast: share(GOODPUT_MIN) }
  return [check('goodput-after-fault', goodputAfter >= GOODPUT_MIN, values)]
}
