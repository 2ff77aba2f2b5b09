import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { readExported } from '../../k6/exported.ts'
import { importK6 } from '../../k6/import.ts'
import { dataPath, runFolder } from '../../records/run-folder.ts'
import { onInterrupt } from '../interrupt.ts'
import { report } from '../report.ts'
import { silent } from '../telling/live-line.ts'

const AFTER = `
k6 does not tell when its requests were due, so every wait counts from sending, and how late it sent is not known. Iterations that it
dropped are events that were not sent, and make the run INVALID.

Examples:
  npm run import:k6 -- out.json --plan sale.plan
  npm run import:k6 -- out.json --plan sale.plan --effects https://staging.example.com/effects

Exits: as npm run scenario.`

/** The command `import:k6`. */
export function define(command: Command): void {
  command
    .argument('<points>', 'what k6 run --out json= wrote')
    .requiredOption('--plan <folder>', 'the folder that export:k6 wrote, which must be given: sale.plan')
    .option('--effects <from>', 'where the target tells of its effects, as docs/target.md says (default: it does not)')
    .option('--out <folder>', "a new folder for the run's records and report (default: one of its own in reports/)")
    .addHelpText('after', AFTER)
    .action(async (points: string, { plan, effects, out }: { plan: string; effects?: string; out?: string }) => {
      const { settings } = readExported(plan)
      const interrupt = onInterrupt()
      const folder = runFolder(out, [settings.scenario, 'k6'])
      rmSync(dataPath(folder.path), { recursive: true, force: true })
      try {
        const wanted = { points, plan, folder: folder.path, effects, events: silent, interrupt: interrupt.signal }
        await importK6(wanted)
      } catch (error) {
        folder.discard()
        throw error
      } finally {
        interrupt.dispose()
      }
      process.exitCode = await report(folder.path)
    })
}
