import { percent } from '../../core/base/words.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type After, GOODPUT_MIN, mean, recovery } from './recovery.ts'
import type { Report } from './report-schema.ts'

type Diagnosis = NonNullable<Report['delivery']['diagnosis']>

/** Beyond this share of the first attempts the stack would do well with them alone. */
const ENOUGH = 0.95
/** Below it the stack does next to nothing. */
const DOWN = 0.1

/** Why goodput came back after the faults, or why it did not, from figures of the time by which it is judged. */
export function diagnose(
  { retries }: Pick<Scenario, 'retries'>,
  record: Pick<RunRecord, 'samples' | 'setup' | 'startAtMs'>,
  after: After | undefined,
  timeoutsMs: readonly number[],
): Diagnosis | null {
  if (!after || !retries) return null
  const { judged } = after
  const firstPerS = mean(judged, ({ offered }) => offered)
  const retriesPerS = mean(judged, (point) => point.retries)
  const answeredPerS = mean(judged, ({ accepted }) => accepted)
  const donePerS = mean(judged, ({ effects }) => effects) + absorbedPerS(record, after)
  const wastedShare = donePerS === 0 ? 0 : Math.max(0, 1 - answeredPerS / donePerS)
  const { capacityPerS, processes } = record.setup
  const figures = { firstPerS, retriesPerS, answeredPerS, donePerS, wastedShare }
  const of = { ...figures, roomPerS: Math.max(donePerS, capacityPerS ?? 0), after, processes, timeoutsMs }
  const state = stateOf(of)
  return { state, ...figures, says: SAYS[state](of) }
}

function stateOf({ firstPerS, answeredPerS, donePerS, roomPerS }: Case): Diagnosis['state'] {
  if (answeredPerS >= GOODPUT_MIN * firstPerS) return 'recovered'
  if (donePerS < DOWN * firstPerS) return 'down'
  return roomPerS >= ENOUGH * firstPerS ? 'metastable' : 'too small'
}

interface Case extends Omit<Diagnosis, 'state' | 'says'> {
  /** What it can do: what it did, or the capacity that the run gave it. Work that is given up half-way is in neither. */
  readonly roomPerS: number
  readonly after: After
  readonly processes: number
  readonly timeoutsMs: readonly number[]
}

const perS = (rate: number) => `${Math.round(rate)}/s`
const over = ({ after }: Case) => `after the last fault ended at ${(after.overMs / 1_000).toFixed(1)} s`
const came = ({ firstPerS, retriesPerS, donePerS, roomPerS }: Case) =>
  `first attempts came at ${perS(firstPerS)} and retries at ${perS(retriesPerS)}, and the stack` +
  `${roomPerS > donePerS ? `, which takes ${perS(roomPerS)},` : ''} did ${perS(donePerS)}`

const SAYS: Record<Diagnosis['state'], (of: Case) => string> = {
  recovered(of) {
    const { recoveredMs } = recovery(of.after)
    const when = recoveredMs === null ? '' : `, goodput was back for good after ${(recoveredMs / 1_000).toFixed(1)} s`
    const waits = of.donePerS < ENOUGH * of.answeredPerS ? ': the rest waited in the queue' : ''
    return (
      `Recovered: ${over(of)}${when}; later first attempts came at ${perS(of.firstPerS)} and retries at ` +
      `${perS(of.retriesPerS)}, ${perS(of.answeredPerS)} were accepted and ${perS(of.donePerS)} done${waits}.`
    )
  },
  metastable: (of) =>
    `Metastable: ${over(of)}, ${came(of)}. There is room for the first attempts, yet ${perS(of.answeredPerS)} got an ` +
    `answer in time: ${percent(of.wastedShare)} of the work was for senders that had given up, and the retries alone ` +
    `keep it so. Shed load earlier: --in-flight-max ${advisedInFlight(of)}, what it takes in half of the shortest time ` +
    `that a sender waits (${Math.round(Math.min(...of.timeoutsMs))} ms).`,
  'too small': (of) =>
    `Too small: ${over(of)}, ${came(of)}. The first attempts alone are more than that: no limit helps, give it more room.`,
  down: (of) => `Down: ${over(of)}, ${came(of)}, next to nothing. It did not come back; see its errors.`,
}

/** Who is let in then waits half as long as the most impatient sender, and is answered in time. */
function advisedInFlight({ roomPerS, processes, timeoutsMs }: Case): number {
  return Math.max(1, Math.floor((roomPerS * Math.min(...timeoutsMs)) / 2_000 / processes))
}

/** Deliveries of events that had been settled before, during the judged time. */
function absorbedPerS({ samples, startAtMs }: Pick<RunRecord, 'samples' | 'startAtMs'>, { judged }: After): number {
  const fromMs = startAtMs + judged[0]!.atMs
  const untilMs = startAtMs + judged.at(-1)!.atMs
  let perS = 0
  for (const { samples: all } of samples.stack) {
    const within = all.filter(({ atEpochMs }) => atEpochMs >= fromMs && atEpochMs <= untilMs)
    const [first, last] = [within[0], within.at(-1)]
    if (!first || !last || first === last) continue
    perS += ((last.duplicates - first.duplicates) * 1_000) / (last.atEpochMs - first.atEpochMs)
  }
  return perS
}
