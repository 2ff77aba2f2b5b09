import { type Command, Option } from 'commander'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { exportK6 } from '../../k6/export.ts'
import { planOf } from '../../plan/plan-run.ts'
import { everySetting, flagOf } from '../../plan/settings.ts'
import { explained } from '../scenario.ts'
import { readSettings } from '../settings/read-settings.ts'

const AFTER = `
It writes the script sale.ts with its data: sale.json, sale.events.jsonl, and the folder sale.plan for the report. One export is one
run, because its ids are used up. The target verifies with FLOODMARK_SECRET_STRIPE and the like, which k6 needs as well.

Examples:
  npm run export:k6 -- flash-sale --target https://staging.example.com/webhooks/{provider} --out sale.ts
  k6 run --out json=out.json sale.ts
  npm run import:k6 -- out.json --plan sale.plan

Exits: 0 written, 2 bad input.`

/** What k6 does not need to be told. */
const SENT: readonly string[] = [
  '--target',
  '--provider',
  '--rate',
  '--duration',
  '--spike',
  '--seed',
  '--quick',
  '--p99',
]
const DEFAULT_TARGET = 'http://127.0.0.1:8080/webhooks/{provider}'

/** The command `export:k6`. */
export function define(command: Command): void {
  command.argument('<name>', 'a scenario, or the path of your own')
  for (const [, setting] of everySetting) {
    if (SENT.includes(flagOf(setting))) command.addOption(new Option(setting.flag, explained(setting)))
  }
  command
    .requiredOption('--out <file>', 'the script to write, which must be given: sale.ts')
    .addHelpText('after', AFTER)
    .action(async (name: string, { out, ...flags }: Record<string, string>) => {
      if (!out!.endsWith('.ts')) throw new FloodmarkError('misuse', `--out '${out}' is no script: write sale.ts`)
      const settings = await readSettings(name, { target: DEFAULT_TARGET, ...flags })
      const { events, files } = await exportK6(await planOf(settings), out!)
      process.stdout.write(`${events} events in ${files.join(', ')}\n\n`)
      process.stdout.write(
        `  k6 run --out json=out.json ${out}\n  npm run import:k6 -- out.json --plan ${files.at(-1)}\n`,
      )
    })
}
