import { FIGURES, textTable } from '../../src/core/base/table.ts'
import type { BenchOptions, Turn } from './rounds.ts'

export type Cell = string | number | null

/** Columns of equal width, with numbers to the right. null: not measured. */
export function printTable(title: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const lines = textTable(
    rows.map((row) => row.map(textOf)),
    { head: columns, right: FIGURES },
  )
  process.stdout.write(`\n${title}\n\n${lines.join('\n')}\n`)
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function textOf(cell: Cell): string {
  if (cell === null) return '-'
  if (typeof cell === 'string') return cell
  if (Math.abs(cell) >= 1_000) return Math.round(cell).toLocaleString('en')
  return Math.abs(cell) >= 100 ? cell.toFixed(0) : cell.toFixed(2)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A figure divided by another server's in the same round, over all rounds; null where it was not measured. */
export function ratio(
  turns: readonly Turn[],
  base: readonly Turn[],
  of: (turn: Turn) => number | null,
  baseOf = of,
): Cell {
  return spreadOf(turns, (turn) => of(turn) && of(turn)! / baseOf(base[turns.indexOf(turn)]!)!)
}

/** null as soon as one round has no value. */
export function medianOf<T>(turns: readonly T[], of: (turn: T) => number | null): number | null {
  const values = turns.map(of)
  return values.some((value) => value === null) ? null : median(values as number[])
}

/** The median over all rounds, with the least and the greatest of them; null as soon as one round has no value. */
export function spreadOf<T>(turns: readonly T[], of: (turn: T) => number | null): Cell {
  const middle = medianOf(turns, of)
  if (middle === null || turns.length < 2) return middle
  const all = turns.map((turn) => of(turn)!)
  return `${textOf(middle)} (${textOf(Math.min(...all))}–${textOf(Math.max(...all))})`
}

/** What the brackets of spreadOf are. */
export const SPREAD = 'median, and in brackets the lowest and the highest'

/** A table whose columns `ranking` compare its rows: they stay empty where the machine was too busy for that. */
export async function printRanked(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  ranking: readonly string[],
  options: BenchOptions,
): Promise<boolean> {
  const { ranks, words } = await options.ranking()
  const empty = (name: string | undefined) => !ranks && name !== undefined && ranking.includes(name)
  const shown = rows.map((row) => row.map((cell, at) => (empty(columns[at]) ? 'not ranked' : cell)))
  printTable(title, columns, shown)
  say('')
  for (const line of words) say(line)
  return ranks
}

/** One figure of every round, for whoever does not trust medians. */
export function printRounds<T>(what: string, turns: ReadonlyMap<string, readonly T[]>, of: (turn: T) => number): void {
  const rounds = Math.max(...[...turns.values()].map(({ length }) => length))
  const head = ['', ...Array.from({ length: rounds }, (_, at) => `round ${at + 1}`)]
  printTable(
    `${what}, round by round`,
    head,
    [...turns].map(([name, all]) => [name, ...all.map(of)]),
  )
}

/** Of COLUMNS those that compare. */
export const RANKING = ['of bare', 'by CPU', 'settled of bare'] as const
export const COLUMNS = ['server', 'requests/s', 'of bare', 'by CPU', 'p99 ms', 'CPU s/10k', 'load’s'] as const

/**
 * The first columns of every closed-loop table. `by CPU`: the same ratio, from CPU time per request, which a busy machine
 * disturbs less. `CPU s/10k`: the server’s for 10,000 requests, then the load’s. At 1 s / 10k the load can do no more than
 * 10,000 requests/s.
 */
export function commonCells(name: string, turns: readonly Turn[], base: readonly Turn[]): Cell[] {
  return [
    name,
    spreadOf(turns, (turn) => turn.requestsPerS),
    ratio(turns, base, (turn) => turn.requestsPerS),
    ratio(turns, base, (turn) => 1 / turn.cpuSecondsPer10k),
    spreadOf(turns, (turn) => turn.p99Ms),
    spreadOf(turns, (turn) => turn.cpuSecondsPer10k),
    spreadOf(turns, (turn) => turn.loadCpuSecondsPer10k),
  ]
}

export function warnings(turns: ReadonlyMap<string, readonly Turn[]>): void {
  for (const [name, all] of turns) {
    const failed = all.reduce((sum, turn) => sum + turn.failed, 0)
    if (failed > 0) say(`  ${name}: ${failed} requests were not answered with 2xx; its figures are worth nothing.`)
    if (all.some((turn) => turn.ranOut)) say(`  ${name}: the signed requests ran out; the window was cut short.`)
  }
}
