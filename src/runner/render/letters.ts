import type { Report } from '../report/report-schema.ts'

const HEAD = ['source', 'type', 'reason', 'events', 'first buried', 'last buried']
type Table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => string

const seconds = (atMs: number) => `${(atMs / 1_000).toFixed(1)} s`

/** What was left in the dead letters, and what had been in them before it was replayed. */
export function letterTables({ deadLetters, replayed, replays = [], audit }: Report, table: Table): string {
  const left = deadLetters.length > 0 ? `<h3>Dead letters at the end</h3>${table(HEAD, rowsOf(deadLetters))}` : ''
  if (!replayed || replayed.events === 0) return left
  const when = replays.map(
    ({ ratePerS, fromMs, untilMs }) => `from ${seconds(fromMs)} until ${seconds(untilMs)} at up to ${ratePerS}/s`,
  )
  const says = `Buried, then put back on the queue ${when.join(', ')}. Since then ${replayed.applied} of ${replayed.events} have taken effect; double effects in the whole run: ${audit.duplicateEffects}.`
  return `${left}<h3>Dead letters that were replayed</h3><p>${says}</p>${table(HEAD, rowsOf(replayed.groups))}`
}

function rowsOf(groups: Report['deadLetters']): (string | number)[][] {
  return groups.map(({ source, type, reason, count, oldestMs, newestMs }) => [
    source,
    type,
    reason,
    count,
    seconds(oldestMs),
    seconds(newestMs),
  ])
}
