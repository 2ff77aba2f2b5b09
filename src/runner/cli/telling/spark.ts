const BLOCKS = '▁▂▃▄▅▆▇█'

/** The latest values as blocks, the largest of them the highest; `log`: by their logarithm, from the smallest. */
export function spark(values: readonly number[], width: number, log = false): string {
  const shown = values.slice(-width)
  const most = Math.max(...shown)
  const least = log ? Math.min(...shown.filter((value) => value > 0)) : 0
  const heightOf = (value: number) => {
    if (value <= least || most <= least) return most > least || most === 0 ? 0 : 0.5
    return log ? Math.log(value / least) / Math.log(most / least) : value / most
  }
  return shown.map((value) => BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(heightOf(value) * BLOCKS.length))]).join('')
}
