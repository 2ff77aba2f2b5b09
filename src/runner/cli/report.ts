import { join } from 'node:path'
import type { Command } from 'commander'
import { readRecord } from '../records/run-record.ts'
import { renderAll, writeBadEvents } from '../render/index.ts'
import { terminal } from '../render/terminal.ts'
import { badEvents } from '../report/audit/bad-events.ts'
import { judgedRun } from '../report/judged-run.ts'
import { reportOf } from '../report/summarise.ts'
import { EXIT } from './exit.ts'

const AFTER = `
It writes report.json, report.html, report.md and junit.xml into the folder, over those that are there, and bad-events.jsonl where
events were lost, doubled, altered, out of order, unexpected or misjudged.

Example:
  npm run report -- reports/2026-01-31T08-00-00-flash-sale-raw-http-embedded

Exits: as the run: 0 PASS, 1 FAIL, 2 bad input, 4 INDETERMINATE, 5 INVALID (the generator), 130 interrupted.`

/** The command `report`. */
export function define(command: Command): void {
  command
    .argument('<folder>', "the run's folder, which holds its run.json")
    .addHelpText('after', AFTER)
    .action(async (folder: string) => {
      process.exitCode = await report(folder)
    })
}

/** Makes the report of a run from its raw records, shows it, and gives the exit code of its verdict. */
export async function report(folder: string): Promise<number> {
  const run = judgedRun(folder, readRecord(folder))
  const made = await reportOf(run)
  renderAll(made, folder)
  writeBadEvents(badEvents(run), folder)
  process.stdout.write(terminal(made))
  process.stdout.write(`  ${join(folder, 'report.html')}\n\n`)
  return made.interrupted ? EXIT.INTERRUPTED : EXIT[made.verdict]
}
