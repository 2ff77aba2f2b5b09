import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { FIGURES, textTable } from '../../core/base/table.ts'
import { perS, seconds } from '../../core/base/words.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { planOf } from '../plan/plan-run.ts'
import { perS as perSecond, time } from '../plan/quantities.ts'
import { everySetting, flagOf } from '../plan/settings.ts'
import { dataPath, runFolder } from '../records/run-folder.ts'
import { writeScaling } from '../render/scaling.ts'
import { fitWords, pointWords } from '../render/words/scaling.ts'
import { measureScaling } from '../scaling/measure.ts'
import type { Scaling } from '../scaling/scaling-schema.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { explained } from './scenario.ts'
import { flagValue } from './settings/flag-value.ts'
import { readSettings } from './settings/read-settings.ts'
import { liveLine } from './telling/live-line.ts'

const AFTER = `
For each count of processes it searches the ceiling, as npm run ceiling does. The Universal Scalability Law is fitted where six
counts or more were measured and the law explains them; else the command says why not. The law says nothing beyond twice the
highest count that was tried. Six counts take some half an hour; less than three minutes for each gives no interval that is narrow
enough for a curve.

Examples:
  npm run scaling -- --processes 1..6 --queue redis-streams --ledger redis
  npm run scaling -- --processes 1,2,4 --queue kafka --ledger redis --budget 3m

Exits: 0 fitted, 2 bad input, 3 environment, 4 no law could be fitted, 130 interrupted.`

/** What a search sets for each trial itself, and what is varied here. */
const OWN: readonly string[] = ['--rate', '--duration', '--shape', '--spike', '--quick', '--processes']
const PROCESSES_MAX = 64

type ScalingFlags = Record<'processes' | 'trial' | 'budget' | 'maxRate', string> & Record<string, string>

/** The command `scaling`. */
export function define(command: Command): void {
  for (const [, setting] of everySetting) {
    if (!OWN.includes(flagOf(setting))) command.addOption(new Option(setting.flag, explained(setting)))
  }
  command
    .option('--processes <counts>', 'how many receiver and processor processes: 1..6, or 1,2,4', '1..6')
    .option('--trial <time>', 'time of sending in each trial; a bare number is in seconds', '4s')
    .option(
      '--budget <time>',
      'of each count: no trial begins that would end after this; a bare number is in seconds',
      '6m',
    )
    .option('--max-rate <events/s>', 'the highest load to offer', '40k')
    .addHelpText('after', AFTER)
    .action(async (flags: ScalingFlags) => {
      process.exitCode = await scaling(flags)
    })
}

async function scaling({ processes, trial, budget, maxRate, ...flags }: ScalingFlags): Promise<number> {
  const settings = await readSettings('steady', flags)
  const counts = countsOf(processes)
  const trialMs = flagValue('--trial', time('s', 1_000, 86_400_000), trial)
  const budgetMs = flagValue('--budget', time('s', 1_000, 86_400_000), budget)
  const ratePerSMax = flagValue('--max-rate', perSecond('events', 10, 1_000_000), maxRate)
  if (settings.target !== undefined)
    throw new FloodmarkError('misuse', 'the processes of a --target are its own: try scaling with a stack of ours')
  await planOf(settings)
  const interrupt = onInterrupt()
  const folder = runFolder(settings.out, ['scaling', settings.receiver, settings.queue])
  const live = liveLine(process.stderr, trialMs, [{ name: 'send', until: 1 }])
  let measured = 0
  try {
    const { scaling: found, failure } = await measureScaling({
      ...{ settings, counts, folder: folder.path, trialMs, budgetMs, ratePerSMax },
      interrupt: interrupt.signal,
      events: live,
      onPoint: (point) => {
        measured++
        live.end()
        process.stdout.write(`${pointWords(point)} (${seconds(point.tookMs)})\n`)
      },
    })
    if (measured === 0) {
      folder.discard()
      if (failure) throw failure
      process.stderr.write('floodmark: ended before the first ceiling: there is nothing to report\n')
      return EXIT.INTERRUPTED
    }
    writeScaling(found, folder.path)
    process.stdout.write(`${lines(found).join('\n')}\n\n  ${join(folder.path, 'scaling.json')}\n`)
    if (failure) throw failure
    if (interrupt.signal.aborted) return EXIT.INTERRUPTED
    return found.usl ? EXIT.PASS : EXIT.INDETERMINATE
  } finally {
    live.end()
    rmSync(dataPath(folder.path), { recursive: true, force: true })
    interrupt.dispose()
  }
}

function lines(found: Scaling): string[] {
  const head = ['processes', 'ceiling', '90%', 'by the law', 'for each core of this machine']
  const rows = found.points.map(({ processes, interval, byLawPerS }) => [
    String(processes),
    interval ? perS(interval.mid) : 'none',
    interval ? `${perS(interval.low)} … ${perS(interval.high)}` : '',
    byLawPerS === null ? '' : perS(byLawPerS),
    interval ? perS(interval.mid / found.environment.cores) : '',
  ])
  return ['', ...textTable(rows, { head, right: FIGURES }), '', `  ${fitWords(found)}`]
}

/** `1..6`, `1,2,4` or `3`. @throws FloodmarkError 'misuse'. */
export function countsOf(text: string): number[] {
  const wrong = () =>
    new FloodmarkError('misuse', `--processes '${text}' is no range of 1 to ${PROCESSES_MAX}: write 1..6, or 1,2,4`)
  const range = /^(\d+)\.\.(\d+)$/.exec(text)
  const counts = range
    ? Array.from(
        { length: Math.min(PROCESSES_MAX + 1, Math.max(0, Number(range[2]) - Number(range[1]) + 1)) },
        (_, at) => Number(range[1]) + at,
      )
    : text.split(',').map((one) => (/^\d+$/.test(one.trim()) ? Number(one) : 0))
  if (counts.length === 0 || counts.some((one) => one < 1 || one > PROCESSES_MAX)) throw wrong()
  return [...new Set(counts)].toSorted((a, b) => a - b)
}
