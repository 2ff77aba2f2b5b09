import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { seconds } from '../../core/base/words.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { TrialsFile } from '../ceiling/trials-file.ts'
import { planOf } from '../plan/plan-run.ts'
import { countOf, msOf, timeText } from '../plan/quantities.ts'
import { everySetting, flagOf } from '../plan/settings.ts'
import { runFolder } from '../records/run-folder.ts'
import { renderCeiling } from '../render/ceiling.ts'
import { ceilingLines, trialLine } from '../render/ceiling-terminal.ts'
import type { Ceiling } from '../search/ceiling-schema.ts'
import { GOAL } from '../search/search.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { liveLine } from './live-line.ts'
import { readSettings } from './read-settings.ts'
import { explained } from './scenario.ts'

const AFTER = `
Each trial is a whole run of the scenario steady at one rate: started, measured, audited. A load holds when nothing accepted
is lost or altered, nothing is refused, the p99 marks hold and the backlog does not grow. The search is over when it knows the
ceiling to within 10%, and the load that it publishes has been soaked for five trials' time.

Examples:
  npm run ceiling
  npm run ceiling -- --receiver fastify --queue redis-streams --ledger redis --p99 200ms
  npm run ceiling -- --resume reports/2026-01-31T08-00-00-ceiling-raw-http-embedded

Exits: 0 found, or at least as much as the sender offers, 1 below the lowest load, 2 bad input, 3 environment, 4 time was over
before the interval was narrow or the machine changed, 5 not measurable here, 130 interrupted.`

/** What a search sets for each trial itself. */
const OWN: readonly string[] = ['--rate', '--duration', '--shape', '--spike', '--quick']

/** The command `ceiling`. */
export function define(command: Command): void {
  for (const [, setting] of everySetting) {
    if (!OWN.includes(flagOf(setting))) command.addOption(new Option(setting.flag, explained(setting)))
  }
  command
    .option('--trial <time>', 'time of sending in each trial; a bare number is in seconds', '6s')
    .option('--budget <time>', 'no trial begins after this; a bare number is in seconds', '6m')
    .option('--max-rate <events/s>', 'the highest load to offer', '40k')
    .option('--resume <folder>', 'go on with a search that was interrupted (default: a new one)')
    .addHelpText('after', AFTER)
    .action(async (flags: Record<string, string>) => {
      process.exitCode = await ceiling(flags)
    })
}

async function ceiling({ trial, budget, maxRate, resume, ...flags }: Record<string, string>): Promise<number> {
  const settings = await readSettings('steady', flags)
  const trialMs = quantity('--trial', trial!, (text) => msOf(text, 's'), 2_000, 600_000)
  const budgetMs = quantity('--budget', budget!, (text) => msOf(text, 's'), 10_000, 86_400_000)
  const ratePerSMax = quantity('--max-rate', maxRate!, (text) => countOf(text, '/s'), 10, 1_000_000)
  // Mistakes in what the settings name are told before anything is made.
  const { acceptP99Ms } = (await planOf(settings)).scenario.passes
  const folder = resume ?? runFolder(settings.out, ['ceiling', settings.receiver, settings.queue]).path
  const file = resume ? TrialsFile.resume(resume, settings, trialMs) : TrialsFile.begin(folder, settings, trialMs)
  const interrupt = onInterrupt()
  const live = liveLine(process.stderr, trialMs, [{ name: 'send', until: 1 }])
  try {
    const found = await findCeiling({
      ...{
        settings,
        acceptP99Ms,
        folder,
        file,
        trialMs,
        budgetMs,
        goal: { ...GOAL, ratePerSMax },
        interrupt: interrupt.signal,
      },
      events: live,
      onTrial: (one, elapsedMs) => {
        live.end()
        process.stdout.write(`${trialLine(one, file.trials.length)}  ${seconds(elapsedMs)}\n`)
      },
    })
    renderCeiling(found, folder)
    process.stdout.write(`${ceilingLines(found).join('\n')}  ${join(folder, 'ceiling.html')}\n\n`)
    return exitOf(found)
  } finally {
    live.end()
    file.close()
    interrupt.dispose()
  }
}

/** @throws FloodmarkError 'misuse' where it is none, or not from `least` to `most`. */
function quantity(
  flag: string,
  text: string,
  read: (text: string) => number | undefined,
  least: number,
  most: number,
): number {
  const value = read(text)
  if (value !== undefined && value >= least && value <= most) return value
  const range = flag === '--max-rate' ? `${least} to ${most} events/s` : `${timeText(least)} to ${timeText(most)}`
  throw new FloodmarkError('misuse', `${flag} '${text}' is not from ${range}`)
}

function exitOf({ found: { kind }, drifted, interrupted }: Ceiling): number {
  if (interrupted) return EXIT.INTERRUPTED
  if (kind === 'not-measurable') return EXIT.INVALID
  if (kind === 'below-lowest') return EXIT.FAIL
  return kind === 'budget-over' || drifted ? EXIT.INDETERMINATE : EXIT.PASS
}
