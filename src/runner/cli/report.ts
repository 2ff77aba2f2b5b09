import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { ceilingBeside } from '../history/ceiling-beside.ts'
import { entriesIn, REPORTS } from '../history/entries.ts'
import { folderOf } from '../history/named.ts'
import { readRecord } from '../records/run-record.ts'
import { historyLines } from '../render/history/list.ts'
import { historyPage } from '../render/history/page.ts'
import { type HistoryRow, historyRow } from '../render/history/row.ts'
import { renderAll, writeBadEvents } from '../render/index.ts'
import { reportJsonSchema } from '../render/schema.ts'
import { terminal } from '../render/terminal.ts'
import { writeWhole } from '../render/write-whole.ts'
import { badEvents } from '../report/audit/bad-events.ts'
import { judgedRun } from '../report/judged-run.ts'
import { reportOf } from '../report/summarise.ts'
import { EXIT } from './exit.ts'
import { openPage } from './open-page.ts'
import { type Answering, answer } from './telling/answer.ts'
import { columnsOf } from './telling/columns.ts'

const AFTER = `
Without a folder it lists what is in ${REPORTS}/, newest first, and writes ${REPORTS}/index.html.

With one it writes report.json, report.html, report.md and junit.xml into the folder, over those that are there, and
bad-events.jsonl where events were lost, doubled, altered, out of order, unexpected or misjudged.

Examples:
  npm run report
  npm run report -- latest --open
  npm run report -- reports/2026-01-31T08-00-00-flash-sale-raw-http-embedded

Exits: as the run: 0 PASS, 1 FAIL, 2 bad input, 4 INDETERMINATE, 5 INVALID (the generator), 130 interrupted.`

/** How the answer of a run is told. */
export interface Telling extends Answering {
  /** Shows the page in the browser. */
  readonly open?: boolean
  /** Serves a page while the run goes on. */
  readonly live?: boolean
}

/** The command `report`. */
export function define(command: Command): void {
  command
    .argument('[folder]', "the run's folder, which holds its run.json; latest or previous")
    .option('--json', 'print report.json, or the list, as JSON', false)
    .option('--quiet', 'print nothing but errors: the exit code and the files say it', false)
    .option('--open', 'show the page in the browser', false)
    .option('--schema', 'print the JSON schema of report.json, and nothing else', false)
    .addHelpText('after', AFTER)
    .action(async (folder: string | undefined, { schema, ...telling }: Telling & { readonly schema: boolean }) => {
      if (schema) return void process.stdout.write(reportJsonSchema())
      process.exitCode = folder === undefined ? list(telling) : await report(folderOf(folder, 'run'), telling)
    })
}

function list({ json, open, quiet }: Telling): number {
  const rows = entriesIn().map(historyRow)
  const page = join(REPORTS, 'index.html')
  if (rows.length > 0) writeIndex(rows)
  answer({ json, quiet }, rows, () =>
    rows.length === 0
      ? `There is nothing in ${REPORTS}/ yet: npm run scenario flash-sale\n`
      : `${historyLines(rows, columnsOf(process.stdout)).join('\n')}\n\n  ${addressOf(page)}\n\n`,
  )
  if (open && rows.length > 0) openPage(page)
  return EXIT.PASS
}

function writeIndex(rows: readonly HistoryRow[]): void {
  writeWhole(REPORTS, { 'index.html': historyPage(rows) })
}

/** Writes reports/index.html anew, where this is a folder in there. */
export function indexBeside(folder: string): void {
  if (resolve(dirname(folder)) === resolve(REPORTS)) writeIndex(entriesIn().map(historyRow))
}

/** The address of a file, which a terminal lets a person open. */
export const addressOf = (path: string) => pathToFileURL(path).href

/** Makes the report of a run from its raw records, tells it, and gives the exit code of its verdict. */
export async function report(folder: string, telling: Telling = {}): Promise<number> {
  const run = judgedRun(folder, readRecord(folder))
  const made = await reportOf(run)
  renderAll(made, folder, { ceiling: ceilingBeside(made, folder) })
  writeBadEvents(badEvents(run), folder)
  indexBeside(folder)
  const page = join(folder, 'report.html')
  answer(telling, made, () => `${terminal(made, columnsOf(process.stdout))}  ${addressOf(page)}\n\n`)
  if (telling.open) openPage(page)
  return made.interrupted ? EXIT.INTERRUPTED : EXIT[made.verdict]
}
