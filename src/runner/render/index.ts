import { closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openPrivate } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { BadEvent } from '../report/audit/account.ts'
import { type Report, reportSchema } from '../report/report-schema.ts'
import { hgrm } from './hgrm.ts'
import type { Alongside } from './html/first-screen.ts'
import { html } from './html.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { writeWhole } from './write-whole.ts'

const BUFFER_CHARS = 2 ** 16

/** Writes every rendering of a report into the run's folder; each appears whole or not at all. */
export function renderAll(report: Report, folder: string, beside?: Alongside): void {
  const checked = checkedReport(report, folder)
  writeWhole(folder, {
    'report.json': `${JSON.stringify(checked, null, 1)}\n`,
    'report.html': html(checked, beside),
    'report.md': markdown(checked),
    'junit.xml': junit(checked),
    ...(checked.cards.distribution && { 'latency.hgrm': hgrm(checked.cards.distribution) }),
  })
}

/** Where records lack what this version writes, a report of them does not fit its schema. */
function checkedReport(report: Report, folder: string): Report {
  const { data, error } = reportSchema.safeParse(report)
  if (data) return data
  const [{ path, message }] = error.issues as [(typeof error.issues)[number]]
  const what = `${folder} was recorded by another version of floodmark, or is damaged: run its scenario again`
  throw new FloodmarkError('misuse', `${what} (${path.join('.')}: ${message})`, { cause: error })
}

/** One line an event that must not be, in bad-events.jsonl; no such file where there is none. */
export function writeBadEvents(bad: Iterable<BadEvent>, folder: string): void {
  const path = join(folder, 'bad-events.jsonl')
  rmSync(path, { force: true })
  let file: number | undefined
  let lines = ''
  const flush = () => {
    if (lines === '') return
    file ??= openPrivate(path, 'w')
    writeSync(file, lines)
    lines = ''
  }
  for (const one of bad) {
    lines += `${JSON.stringify(one)}\n`
    if (lines.length > BUFFER_CHARS) flush()
  }
  flush()
  if (file !== undefined) closeSync(file)
}
