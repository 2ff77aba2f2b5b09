import type { CommonReport } from '../report/common-schema.ts'
import { isBusy } from './busy.ts'
import { COMPARISON_VERSION, type Comparison } from './comparison-schema.ts'
import { counted } from './counted.ts'
import { classesOf } from './rank.ts'
import { TAKEOVER } from './takeover.ts'
import type { TurnFigures } from './turn-schema.ts'

interface About {
  readonly scenarios: readonly { readonly scenario: string; readonly acceptP99Ms: number }[]
  readonly startedAt: string
  readonly tag?: string | undefined
  readonly interrupted: boolean
  readonly seed: number
  readonly rounds: number
  /** Rank also what was measured on a busy machine, and say so. */
  readonly forced: boolean
  readonly environment: CommonReport['environment']
  readonly command: string
}

/** What the runs say. A run beside which the machine did something else as well does not count, unless that is forced. */
export function comparisonOf(turns: readonly TurnFigures[], { scenarios, ...about }: About): Comparison {
  // How long a kill is felt is no race: on a busy machine it is known as well, for want of a better one.
  const kills = counted(turns, true).filter(({ scenario }) => scenario === TAKEOVER)
  const ranked = turns.filter(({ scenario }) => scenario !== TAKEOVER)
  const busyRuns = ranked.filter(isBusy).length
  const compared = scenarios.map(({ scenario, acceptP99Ms }) => ({
    scenario,
    acceptP99Ms,
    classes: classesOf(
      ranked.filter((turn) => turn.scenario === scenario),
      about.forced,
    ).map((one) => ({
      ...one,
      rows: one.rows.map((row) => ({ ...row, takeoverMs: worstOf(kills.filter(({ stack }) => stack === row.stack)) })),
    })),
  }))
  const rows = compared.flatMap(({ classes }) => classes.flatMap((one) => one.rows))
  return {
    version: COMPARISON_VERSION,
    ...about,
    notRanked: rows.some(({ why }) => why === 'not-ranked') && rows.every(({ why }) => why !== null) ? 'busy' : null,
    busyRuns,
    scenarios: compared,
    turns: [...turns],
  }
}

function worstOf(kills: readonly TurnFigures[]): number | null {
  const known = kills.flatMap(({ takeoverMs }) => takeoverMs ?? [])
  return known.length === 0 ? null : Math.max(...known)
}
