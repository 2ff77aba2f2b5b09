/** Events that took effect, and those that are kept as dead letters; each counts once. */
export interface SettledEvents {
  readonly applied: number
  readonly buried: number
}

export function settledOf(
  effects: Iterable<{ readonly seq: number }>,
  buried: Iterable<{ readonly seq: number | undefined }>,
): SettledEvents {
  const count = (of: Iterable<{ readonly seq: number | undefined }>) => {
    const events = new Set<number>()
    for (const { seq } of of) if (seq !== undefined) events.add(seq)
    return events.size
  }
  return { applied: count(effects), buried: count(buried) }
}
