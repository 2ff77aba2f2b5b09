/** ": did you mean 'kafka'?" where one of the names is close to what was written; else nothing. */
export function didYouMean(written: string, names: readonly string[]): string {
  const name = nearest(written, names)
  return name === undefined ? '' : `: did you mean '${name}'?`
}

/** The name with the fewest letters to mend. A third of the letters may be wrong, and two always. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestEdits = Math.max(2, Math.floor(written.length / 3)) + 1
  for (const name of names) {
    const edits = editsBetween(written.toLowerCase(), name.toLowerCase())
    // A name that shares no letter would need as many edits as it has letters.
    if (edits < bestEdits && edits < name.length) [best, bestEdits] = [name, edits]
  }
  return best
}

/** Letters to insert, delete, replace or swap with their neighbour (Damerau and Levenshtein, optimal string alignment). */
function editsBetween(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  for (let j = 1; j <= b.length; j++) rows[0]![j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const others = [rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, swapped ? rows[i - 2]![j - 2]! + 1 : replaced]
      rows[i]![j] = Math.min(replaced, ...others)
    }
  }
  return rows[a.length]![b.length]!
}
