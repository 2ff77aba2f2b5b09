import type { Command } from 'commander'
import { folderOf } from '../history/named.ts'
import { readRecord } from '../records/run-record.ts'
import { eventLife } from '../render/event-life.ts'
import { lifeOf } from '../report/audit/event-life.ts'
import { judgedRun } from '../report/judged-run.ts'

const AFTER = `
It says when the event was due, each attempt and its answer, its effects and dead letters, what went wrong with it, and which faults
were on meanwhile. Times are since the start of the run. Nothing is written.

Examples:
  npm run event -- latest 17
  npm run event -- reports/2026-01-31T08-00-00-flash-sale-raw-http-embedded a1b2c3d4e5-17

Exits: 0, or 2 where the run has no such event.`

/** The command `event`. */
export function define(command: Command): void {
  command
    .argument('<folder>', "the run's folder; latest or previous")
    .argument('<event>', 'its number in the plan, or its id, as bad-events.jsonl and the report have them')
    .addHelpText('after', AFTER)
    .action((folder: string, event: string) => {
      const path = folderOf(folder, 'run')
      process.stdout.write(eventLife(lifeOf(judgedRun(path, readRecord(path)), event)))
    })
}
