import type { CommonReport } from '../report/common-schema.ts'
import { COMPARISON_VERSION, type Comparison } from './comparison-schema.ts'
import { classesOf } from './rank.ts'
import { TAKEOVER } from './takeover.ts'
import type { TurnFigures } from './turn-schema.ts'

/** Cores that others may use beside a run, on average, and the share that the host may take. */
const OTHERS_MAX_CORES = 0.2
const STOLEN_MAX = 0.1

interface About {
  readonly scenarios: readonly { readonly scenario: string; readonly acceptP99Ms: number }[]
  readonly startedAt: string
  readonly interrupted: boolean
  readonly seed: number
  readonly rounds: number
  /** Rank also what was measured on a busy machine, and say so. */
  readonly forced: boolean
  readonly environment: CommonReport['environment']
  readonly command: string
}

/** What the runs say. On a machine that did something else as well nothing is ranked. */
export function comparisonOf(turns: readonly TurnFigures[], { scenarios, ...about }: About): Comparison {
  const kills = turns.filter(({ scenario }) => scenario === TAKEOVER)
  const ranked = turns.filter(({ scenario }) => scenario !== TAKEOVER)
  const busyRuns = ranked.filter(isBusy).length
  const isRanked = busyRuns === 0 || about.forced
  return {
    version: COMPARISON_VERSION,
    ...about,
    notRanked: isRanked ? null : 'busy',
    busyRuns,
    scenarios: scenarios.map(({ scenario, acceptP99Ms }) => ({
      scenario,
      acceptP99Ms,
      classes: classesOf(
        ranked.filter((turn) => turn.scenario === scenario),
        isRanked,
      ).map((one) => ({
        ...one,
        rows: one.rows.map((row) => ({
          ...row,
          takeoverMs: worstOf(kills.filter(({ stack }) => stack === row.stack)),
        })),
      })),
    })),
    turns: [...turns],
  }
}

function worstOf(kills: readonly TurnFigures[]): number | null {
  const known = kills.flatMap(({ takeoverMs }) => takeoverMs ?? [])
  return known.length === 0 ? null : Math.max(...known)
}

/** Something else used the machine meanwhile, so that the run says less about the stack. */
export function isBusy({ machine: { othersCores, stolen } }: Pick<TurnFigures, 'machine'>): boolean {
  return (othersCores ?? 0) > OTHERS_MAX_CORES || (stolen ?? 0) > STOLEN_MAX
}
