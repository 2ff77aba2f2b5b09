import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate } from '../../core/base/private-files.ts'
import { type Report, reportSchema } from '../report/report-schema.ts'
import { html } from './html.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'

/** Writes every rendering of a report into the run's folder; each appears whole or not at all. */
export function renderAll(report: Report, folder: string): void {
  const checked = reportSchema.parse(report)
  const files = {
    'report.json': `${JSON.stringify(checked, null, 1)}\n`,
    'report.html': html(checked),
    'report.md': markdown(checked),
    'junit.xml': junit(checked),
  }
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    writePrivate(`${path}.part`, content)
    renameSync(`${path}.part`, path)
  }
}
