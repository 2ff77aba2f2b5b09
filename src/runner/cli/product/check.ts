import type { Command } from 'commander'
import { checkService } from '../../../product/check/check.ts'
import type { Finding } from '../../../product/check/finding.ts'
import { loadConfig } from '../../../product/config/load.ts'
import { perS } from '../../plan/quantities.ts'
import { EXIT } from '../exit.ts'
import { flagValue } from '../settings/flag-value.ts'

const LEVELS: Readonly<Record<Finding['level'], string>> = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }
const AFTER = `
It opens the queue and the ledger as the service would. Where they belong to one process, stop the service first.

Examples:
  npm run check
  npm run check -- --rate 2k

Exits: 0 nothing fails, 1 something fails, 2 bad input, 3 environment.`

/** The command `check`: whether the service of a config will hold. */
export function define(command: Command): void {
  command
    .option('--config <file>', 'the config (default: floodmark.config.ts of this folder)')
    .option('--rate <events/s>', 'the ceiling that you measured, or the most that you expect; 300, 3k or 3000/s')
    .option('--json', 'the findings as JSON (default: off)')
    .addHelpText('after', AFTER)
    .action(async ({ config, rate, json }: { config?: string; rate?: string; json?: boolean }) => {
      const ratePerS = rate === undefined ? undefined : flagValue('--rate', perS('events', 1, 10_000_000), rate)
      const findings = await checkService(await loadConfig(config), ratePerS)
      const failed = findings.filter(({ level }) => level === 'fail').length
      const warned = findings.filter(({ level }) => level === 'warn').length
      if (json) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`)
      else {
        for (const { level, text } of findings) process.stdout.write(`${LEVELS[level]}  ${text}\n`)
        process.stdout.write(
          `${findings.length - failed - warned} ok, ${warned} to decide, ${failed} that will not hold\n`,
        )
      }
      process.exitCode = failed > 0 ? EXIT.FAIL : EXIT.PASS
    })
}
