import { z } from 'zod'
import type { Scenario } from '../../scenario/scenario.ts'
import type { JudgedRun } from '../judged-run.ts'
import { type After, GOODPUT_MIN, mean } from './recovery.ts'

/** Beyond this share of the first attempts the stack would do well with them alone. */
export const ENOUGH = 0.95
/** Below it the stack does next to nothing. */
const DOWN = 0.1

/** Why goodput came back after the last fault or did not. Rates are those of the time by which goodput is judged. */
export const diagnosisSchema = z.object({
  state: z.enum(['recovered', 'metastable', 'too-small', 'down']),
  /** When the last fault was over, ms since the start of the run. */
  overMs: z.number(),
  firstPerS: z.number(),
  retriesPerS: z.number(),
  answeredPerS: z.number(),
  /** Events that took effect, and duplicates absorbed. */
  donePerS: z.number(),
  /** What the stack can do: what it did, or the capacity that the run gave it. Work given up half-way is in neither. */
  roomPerS: z.number(),
  /** Of what was done: the part without an answer in time. */
  wastedShare: z.number(),
  /** The shortest time that a sender waits for an answer. */
  timeoutMs: z.number(),
  /** Whoever is let in by this limit waits half as long as the most impatient sender, and is answered in time. */
  inFlightMaxAdvised: z.number().int(),
})
export type Diagnosis = z.infer<typeof diagnosisSchema>

/** From figures of the time by which goodput is judged. */
export function diagnose(
  { retries }: Pick<Scenario, 'retries'>,
  { record, settings, setup }: Pick<JudgedRun, 'record' | 'settings' | 'setup'>,
  after: After | undefined,
  timeoutsMs: readonly number[],
): Diagnosis | null {
  if (!after || !retries) return null
  const { judged, overMs } = after
  const firstPerS = mean(judged, ({ offered }) => offered)
  const retriesPerS = mean(judged, (point) => point.retries)
  const answeredPerS = mean(judged, ({ accepted }) => accepted)
  const donePerS = mean(judged, ({ effects }) => effects) + absorbedPerS(record, after)
  const wastedShare = donePerS === 0 ? 0 : Math.max(0, 1 - answeredPerS / donePerS)
  const roomPerS = Math.max(donePerS, settings.capacityPerS ?? 0)
  const timeoutMs = Math.min(...timeoutsMs)
  const inFlightMaxAdvised = Math.max(1, Math.floor((roomPerS * timeoutMs) / 2_000 / setup.processes))
  const rates = { firstPerS, retriesPerS, answeredPerS, donePerS, roomPerS }
  return { state: stateOf(rates), overMs, ...rates, wastedShare, timeoutMs, inFlightMaxAdvised }
}

type Rates = Pick<Diagnosis, 'firstPerS' | 'answeredPerS' | 'donePerS' | 'roomPerS'>

function stateOf({ firstPerS, answeredPerS, donePerS, roomPerS }: Rates): Diagnosis['state'] {
  if (answeredPerS >= GOODPUT_MIN * firstPerS) return 'recovered'
  if (donePerS < DOWN * firstPerS) return 'down'
  return roomPerS >= ENOUGH * firstPerS ? 'metastable' : 'too-small'
}

/** Deliveries of events that had been settled before, during the judged time. */
function absorbedPerS({ samples }: Pick<JudgedRun['record'], 'samples'>, { judged }: After): number {
  const fromMs = judged[0]!.atMs
  const untilMs = judged.at(-1)!.atMs
  let perS = 0
  for (const { samples: all } of samples.stack) {
    const within = all.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)
    const [first, last] = [within[0], within.at(-1)]
    if (!first || !last || first === last) continue
    perS += ((last.duplicates - first.duplicates) * 1_000) / (last.atMs - first.atMs)
  }
  return perS
}
