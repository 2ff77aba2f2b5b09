import { grouped } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { type Markup, markup } from '../markup.ts'
import { BAD_HEAD, badCells, moreWords } from '../words/bad-events.ts'
import { section, table } from './table.ts'

/** Every event that must not be, by name; nothing where there is none. */
export function badEvents(report: Report): Markup[] {
  const { count, first } = report.badEvents
  if (count === 0) return []
  const shown = count > first.length ? ` These are ${first.length} of ${grouped(count)}, some of each kind.` : ''
  const about = `Times are since the start of the run.${shown} ${moreWords(report)}`
  return [section('Events that must not be', markup`<p>${about}</p>`, table(BAD_HEAD, first.map(badCells)))]
}
