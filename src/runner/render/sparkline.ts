const BARS = [...'▁▂▃▄▅▆▇█']
const COLUMNS_MAX = 72

/** The course of values in one line, the highest of each column; a column without any value above 0 is empty. */
export function sparkline(values: readonly number[]): string {
  const columns = Math.min(COLUMNS_MAX, values.length)
  const highest = Array<number>(columns).fill(0)
  for (const [at, value] of values.entries()) {
    const column = Math.floor((at * columns) / values.length)
    highest[column] = Math.max(highest[column]!, value)
  }
  const peak = Math.max(...highest)
  return highest.map((value) => (value > 0 ? BARS[Math.ceil((value / peak) * BARS.length) - 1]! : ' ')).join('')
}
