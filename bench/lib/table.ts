import { FIGURES, textTable } from '../../src/core/base/table.ts'
import type { Turn } from './rounds.ts'

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

/** Median over rounds of a figure, divided by another server's in the same round; null where it was not measured. */
export function ratio(
  turns: readonly Turn[],
  base: readonly Turn[],
  of: (turn: Turn) => number | null,
  baseOf = of,
): number | null {
  return medianOf(turns, (turn) => of(turn) && of(turn)! / baseOf(base[turns.indexOf(turn)]!)!)
}

/** null as soon as one round has no value. */
export function medianOf<T>(turns: readonly T[], of: (turn: T) => number | null): number | null {
  const values = turns.map(of)
  return values.some((value) => value === null) ? null : median(values as number[])
}

export const COLUMNS = ['server', 'requests/s', 'of bare', 'by CPU', 'p99 ms', 'CPU s/10k', 'load’s'] as const

/**
 * The first columns of every closed-loop table. `by CPU`: the same ratio, from CPU time per request, which a busy machine
 * disturbs less. `CPU s/10k`: the server’s for 10,000 requests, then the load’s. At 1 s / 10k the load can do no more than
 * 10,000 requests/s.
 */
export function commonCells(name: string, turns: readonly Turn[], base: readonly Turn[]): Cell[] {
  return [
    name,
    medianOf(turns, (turn) => turn.requestsPerS),
    ratio(turns, base, (turn) => turn.requestsPerS),
    ratio(turns, base, (turn) => 1 / turn.cpuSecondsPer10k),
    medianOf(turns, (turn) => turn.p99Ms),
    medianOf(turns, (turn) => turn.cpuSecondsPer10k),
    medianOf(turns, (turn) => turn.loadCpuSecondsPer10k),
  ]
}

export function warnings(turns: ReadonlyMap<string, readonly Turn[]>): void {
  for (const [name, all] of turns) {
    const failed = all.reduce((sum, turn) => sum + turn.failed, 0)
    if (failed > 0) say(`  ${name}: ${failed} requests were not answered with 2xx; its figures are worth nothing.`)
    if (all.some((turn) => turn.ranOut)) say(`  ${name}: the signed requests ran out; the window was cut short.`)
  }
}
