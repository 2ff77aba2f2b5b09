import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { unlessInterrupted } from '../../core/base/kit/unless-interrupted.ts'
import { textTable } from '../../core/base/table.ts'
import { percent } from '../../core/base/words.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { GAIN_OFF_MAX } from '../calibration/bottlenecks/judge.ts'
import { BOTTLENECK_NAMES } from '../calibration/bottlenecks/planted.ts'
import { type CalibrationCase, CEILING_CASES, casesOf, OFF_MAX, QUICK_CASES } from '../calibration/cases.ts'
import { type Calibrated, type NoCeiling, runCase } from '../calibration/run-case.ts'
import { dataPath, runFolder } from '../records/run-folder.ts'
import { type SaidCheck, sayCheck } from '../render/words/checks.ts'
import { findBottlenecks, namesIn } from './calibrate/bottlenecks.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { liveLine } from './telling/live-line.ts'

const AFTER = `
Each server is a process of its own on this machine, whose behaviour is known in closed form: what it holds, its p99, what it
loses. It is measured as any --target is. A figure is right within ${percent(OFF_MAX)}, and what was planted must be found exactly.

Examples:
  npm run calibrate
  npm run calibrate -- --ceilings
  npm run calibrate -- --ceilings --only mmc,bounded
  npm run calibrate -- --bottlenecks
  npm run calibrate -- --bottlenecks slow-sync,slow-effects

With --bottlenecks stacks of ours are measured, in which it is known what binds: it is planted. It must be named, as
npm run ceiling -- --binds names it, and half of it must gain what was predicted, within ${percent(GAIN_OFF_MAX)}. Some five minutes each.

Exits: 0 all right, 1 a figure is wrong, 5 not measurable here, 130 interrupted.`

const UNITS = { p99: 'ms', planted: 'events', ceiling: '/s' } as const

/** The command `calibrate`. */
export function define(command: Command): void {
  command
    .option('--ceilings', 'also search the ceilings of six of them, some three minutes each (default: off)')
    .option(
      '--bottlenecks [names]',
      `find planted bottlenecks instead: ${BOTTLENECK_NAMES.join(', ')} (default: all of them)`,
    )
    .option('--only <kinds>', 'only servers of these kinds, as mmc,bounded (default: all)')
    .option('--out <folder>', 'a new folder for the records of all runs (default: one of its own in reports/)')
    .addHelpText('after', AFTER)
    .action(async (flags: CalibrateFlags) => {
      process.exitCode = await calibrate(flags)
    })
}

interface CalibrateFlags {
  readonly ceilings?: boolean
  readonly bottlenecks?: string | true
  readonly only?: string
  readonly out?: string
}

const NO_SERVERS =
  '--bottlenecks measures stacks of ours, and --only and --ceilings choose servers: leave one of them out'

async function calibrate({ ceilings, bottlenecks, only, out }: CalibrateFlags): Promise<number> {
  if (bottlenecks && (only !== undefined || ceilings)) throw new FloodmarkError('misuse', NO_SERVERS)
  const cases = casesOf([...QUICK_CASES, ...(ceilings ? CEILING_CASES : [])], only)
  const names = bottlenecks && namesIn(bottlenecks)
  const interrupt = onInterrupt()
  const folder = runFolder(out, ['calibration'])
  rmSync(dataPath(folder.path), { recursive: true, force: true })
  const done: [CalibrationCase, Calibrated][] = []
  try {
    if (names) return await findBottlenecks(names, folder.path, interrupt.signal)
    for (const one of cases) {
      process.stderr.write(`${one.measures} of ${serverWords(one)}\n`)
      const live = liveLine(process.stderr, 1, [{ name: 'send', until: 1 }])
      const quiet = { ...live, phase: () => {}, progress: () => {} }
      const options = { folder: folder.path, events: quiet, interrupt: interrupt.signal }
      const found = await unlessInterrupted(interrupt.signal, runCase(one, options))
      live.end()
      // What was cut short says nothing.
      if (!found || interrupt.signal.aborted) return EXIT.INTERRUPTED
      done.push([one, found])
    }
  } finally {
    // Also what was done until an error.
    if (done.length > 0) tell(done, folder.path)
    interrupt.dispose()
  }
  if (done.some(([, { isRight }]) => isRight === false)) return EXIT.FAIL
  return done.every(([, { isRight }]) => isRight) ? EXIT.PASS : EXIT.INVALID
}

function tell(done: readonly [CalibrationCase, Calibrated][], folder: string): void {
  const head = ['measured', 'of', 'known', 'found', 'off', '']
  process.stdout.write(`\n${textTable(done.map(row), { head }).join('\n')}\n\n`)
  for (const [one, { why }] of done) if (why) process.stdout.write(`  ${whyWords(one, why)}\n`)
  process.stdout.write(`  ${folder}\n`)
}

function whyWords(one: CalibrationCase, why: NonNullable<Calibrated['why']>): string {
  const said = typeof why === 'string' ? ENDED[why] : checkWords(sayCheck(why))
  return `${one.measures} of ${serverWords(one)} is not measurable: ${said}`
}

const checkWords = ({ title, measured }: SaidCheck) => `${title}: ${measured}`

/** How a search ended. */
const ENDED: Readonly<Record<NoCeiling, string>> = {
  'budget-over': 'the time was over before its ceiling was known and soaked',
  'generator-bound': 'the sender could offer no more in time',
  'not-measurable': 'one trial after another was INVALID: the machine does something else',
}

function row([one, { truth, found, interval, isRight }]: [CalibrationCase, Calibrated]): string[] {
  const unit = UNITS[one.measures]
  const figure = (value: number) => `${one.measures === 'p99' ? value.toFixed(1) : Math.round(value)} ${unit}`
  const within = interval ? ` (${Math.round(interval.low)}-${Math.round(interval.high)})` : ''
  const said =
    found === null ? ['not measurable', ''] : [`${figure(found)}${within}`, percent(Math.abs(found / truth - 1))]
  return [one.measures, serverWords(one), figure(truth), ...said, isRight === false ? 'WRONG' : isRight ? 'ok' : '?']
}

function serverWords({ server: { kind, ...of } }: CalibrationCase): string {
  return `${kind} (${Object.entries(of)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')})`
}
