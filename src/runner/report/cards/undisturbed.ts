import { z } from 'zod'
import { inWords } from '../../../core/base/words.ts'
import { kindOf } from '../../faults/index.ts'
import { resendMarks } from '../../records/resends.ts'
import type { RunRecord } from '../../records/run-record.ts'
import { defineCard } from '../card.ts'
import { type Check, type CheckValues, check } from '../check.ts'
import type { JudgedRun } from '../judged-run.ts'
import { asQuick } from '../latency/judge.ts'
import { Latencies } from '../latency/latencies.ts'
import { percentiles } from '../latency/percentiles.ts'
import { asQuickMeasured, PERCENTILE_HEAD, percentileCells } from '../latency/words.ts'

/** From accept to effect at most so many times as long as before, and a share of the pass mark for the response on top. */
const TIMES_MAX = 2
const SLACK_SHARE = 0.5

const CAUSES = ['bug', 'dead-letter-replay', 'recorded-replay'] as const
type Disturbance = (typeof CAUSES)[number]

/** Latency of unrelated events before and during a bug or a replay, to show that they were not slowed down. */
const schema = z.array(
  z.object({
    during: z.enum(['before', ...CAUSES]),
    fromMs: z.number(),
    untilMs: z.number(),
    acceptToEffect: percentiles,
  }),
)
type Undisturbed = z.infer<typeof schema>

const NAMES: Readonly<Record<Undisturbed[number]['during'], string>> = {
  before: 'before',
  bug: 'while the bug lasts',
  'dead-letter-replay': 'while dead letters are replayed',
  'recorded-replay': 'while recorded events come again',
}

export const undisturbed = defineCard({
  schema,
  make: undisturbedOf,
  checks: (card, { setup }) => undisturbedChecks(card ?? [], setup.acceptP99Ms),
  checkWords: {
    'undisturbed-by-bug': checkWords('bug'),
    'undisturbed-by-dead-letter-replay': checkWords('dead-letter-replay'),
    'undisturbed-by-recorded-replay': checkWords('recorded-replay'),
  },
  words: (card) => ({
    title: 'Good events',
    blocks: [
      {
        paragraph:
          'Good events are those that no bug strikes and whose effect is not planned to fail. The times are from accepted to effect, with 95% confidence intervals; left out where there are too few episodes.',
      },
      {
        head: PERCENTILE_HEAD,
        rows: card.map(({ during, acceptToEffect }) => [NAMES[during], ...percentileCells(acceptToEffect)]),
      },
    ],
  }),
})

function checkWords(cause: Disturbance) {
  return {
    title: `good events undisturbed ${NAMES[cause]} (from accept to effect)`,
    measured: asQuickMeasured,
    wanted: ({ atMost }: CheckValues) => `at most ${inWords(atMost)}, twice the calm and half of the pass mark`,
  }
}

/** When something was going on that must not hold up the other events, and all of the time before. Empty: nothing was. */
function stretchesOf({
  faults,
  replays = [],
  resends = [],
}: Pick<RunRecord, 'faults' | 'replays' | 'resends'>): Omit<Undisturbed[number], 'acceptToEffect'>[] {
  const spans = {
    bug: faults.filter((mark) => 'fault' in mark && kindOf(mark.fault).buries),
    'dead-letter-replay': replays,
    'recorded-replay': resendMarks(resends),
  }
  const found = CAUSES.filter((cause) => spans[cause].length > 0).map((cause) => ({
    during: cause,
    fromMs: Math.min(...spans[cause].map(({ fromMs }) => fromMs)),
    untilMs: Math.max(...spans[cause].map(({ untilMs }) => untilMs)),
  }))
  if (found.length === 0) return []
  return [{ during: 'before', fromMs: 0, untilMs: Math.min(...found.map(({ fromMs }) => fromMs)) }, ...found]
}

/** By when they were accepted. */
function undisturbedOf({ record, events, attempts, effects }: JudgedRun): Undisturbed | undefined {
  const stretches = stretchesOf(record).map((stretch) => ({ ...stretch, latencies: new Latencies() }))
  if (stretches.length === 0) return undefined
  const isGood = (seq: number) => {
    const { doomed, failsOnce, struck } = events.at(seq)
    return !doomed && !failsOnce && !struck
  }
  const acceptedMs = new Map<number, number>()
  for (const { seq, outcome, doneMs } of attempts()) {
    if (outcome === 'accepted' && isGood(seq)) acceptedMs.set(seq, Math.min(acceptedMs.get(seq) ?? doneMs, doneMs))
  }
  for (const { seq, atMs } of effects()) {
    const fromMs = acceptedMs.get(seq)
    if (fromMs === undefined) continue
    const tookMs = atMs - fromMs
    for (const one of stretches) if (fromMs >= one.fromMs && fromMs < one.untilMs) one.latencies.record(fromMs, tookMs)
  }
  return stretches.map(({ latencies, ...stretch }) => ({ ...stretch, acceptToEffect: latencies.percentiles() }))
}

/** A check for each stretch but the first: are the good events as quick as before? */
export function undisturbedChecks(
  stretches: Undisturbed,
  acceptP99Ms: number,
): Check<`undisturbed-by-${Disturbance}`>[] {
  const before = stretches.find(({ during }) => during === 'before')?.acceptToEffect ?? { count: 0 }
  const limitMs = (beforeMs: number) => TIMES_MAX * beforeMs + SLACK_SHARE * acceptP99Ms
  return stretches.flatMap(({ during, acceptToEffect }) => {
    if (during === 'before') return []
    const { ok, values } = asQuick(before, acceptToEffect, limitMs)
    return [check(`undisturbed-by-${during}`, ok, values)]
  })
}
