import { interval, ms } from '../../core/base/words.ts'
import { kindOf } from '../faults/index.ts'
import { fateOf } from '../plan/identity.ts'
import { readEffects } from '../records/effects-file.ts'
import type { Attempt } from '../records/journal.ts'
import { resendMarks } from '../records/resends.ts'
import { effectsPath, type RunRecord } from '../records/run-record.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Report } from './report-schema.ts'
import { Latencies } from './stats.ts'

type Undisturbed = NonNullable<Report['undisturbed']>

/** From accept to effect at most so many times as long as before, and a share of the pass mark for the response on top. */
const TIMES_MAX = 2
const SLACK_SHARE = 0.5

interface Stretch {
  readonly name: string
  readonly fromMs: number
  readonly untilMs: number
}

/** When something was going on that must not hold up the other events, and all of the time before. Empty: nothing was. */
function stretchesOf({
  faults,
  replays = [],
  resends = [],
}: Pick<RunRecord, 'faults' | 'replays' | 'resends'>): Stretch[] {
  const spans = [
    ['while the bug lasts', faults.filter((mark) => 'fault' in mark && kindOf(mark.fault).buries)],
    ['while dead letters are replayed', replays],
    ['while recorded events come again', resendMarks(resends)],
  ] as const
  const found = spans
    .filter(([, marks]) => marks.length > 0)
    .map(([name, marks]) => ({
      name,
      fromMs: Math.min(...marks.map(({ fromMs }) => fromMs)),
      untilMs: Math.max(...marks.map(({ untilMs }) => untilMs)),
    }))
  if (found.length === 0) return []
  return [{ name: 'before', fromMs: 0, untilMs: Math.min(...found.map(({ fromMs }) => fromMs)) }, ...found]
}

/** From accept to effect of the events that no bug strikes and whose effect is not planned to fail, by when they were accepted. */
export function undisturbedIn(
  folder: string,
  record: RunRecord,
  { effects, buggy }: Pick<Scenario, 'effects'> & { readonly buggy: ReadonlySet<number> },
  attempts: Iterable<Readonly<Attempt>>,
): Undisturbed {
  const stretches = stretchesOf(record).map((stretch) => ({ ...stretch, latencies: new Latencies() }))
  if (stretches.length === 0) return []
  const { seed } = record.setup
  const isGood = (seq: number) => fateOf(seed, seq, effects) === 'applies' && !buggy.has(seq)
  const acceptedMs = new Map<number, number>()
  for (const { seq, outcome, doneMs } of attempts) {
    if (outcome === 'accepted' && isGood(seq)) acceptedMs.set(seq, Math.min(acceptedMs.get(seq) ?? doneMs, doneMs))
  }
  for (const { seq, atEpochMs } of readEffects(effectsPath(folder))) {
    const fromMs = acceptedMs.get(seq)
    if (fromMs === undefined) continue
    const tookMs = atEpochMs - record.startAtMs - fromMs
    for (const one of stretches) if (fromMs >= one.fromMs && fromMs < one.untilMs) one.latencies.record(tookMs)
  }
  return stretches.map(({ latencies, ...stretch }) => ({ ...stretch, acceptToEffect: latencies.percentiles() }))
}

/** A check for each stretch but the first: are the good events as quick as before? Undecided with too few of them. */
export function undisturbedChecks([before, ...others]: Undisturbed, acceptP99Ms: number): Report['checks'] {
  if (!before) return []
  const was = before.acceptToEffect.p99
  const atMostMs = was && TIMES_MAX * was.highMs + SLACK_SHARE * acceptP99Ms
  return others.map(({ name, acceptToEffect: { p99: is } }) => ({
    check: `good events undisturbed ${name} (p99 from accept to effect)`,
    ok: is && atMostMs !== undefined ? is.lowMs <= atMostMs : null,
    measured: is ? interval(is) : 'too few samples',
    wanted:
      was && atMostMs !== undefined ? `at most ${ms(atMostMs)}, from ${ms(was.ms)} before` : 'samples from before it',
    about: 'stack',
  }))
}

/** Whether the dead letters that a scenario wants replayed all were. */
export function replayChecks({ replays: planned = [] }: Scenario, record: RunRecord): Report['checks'] {
  const wanted = planned.filter(({ of }) => of === 'dead-letters').length
  if (wanted === 0) return []
  const done = record.replays ?? []
  const sum = (of: (one: (typeof done)[number]) => number) => done.reduce((total, one) => total + of(one), 0)
  const [replayed, heldBack] = [sum((one) => one.replayed), sum((one) => one.heldBack)]
  return [
    {
      check: 'dead letters replayed',
      ok: done.length === wanted && replayed > 0 && heldBack === 0,
      measured: `${replayed}, ${heldBack} held back`,
      wanted: 'some, 0 held back',
      about: 'stack',
    },
  ]
}
