import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { LivePage } from '../live/live-page.ts'
import { type Plan, planOf } from '../plan/plan-run.ts'
import { defaultOf, everySetting, type RunSettings, type Setting, textOf } from '../plan/settings.ts'
import { readJournal } from '../records/journal.ts'
import { dataPath, runFolder } from '../records/run-folder.ts'
import { journalPath } from '../records/run-record.ts'
import { foldedTo } from '../render/fitting.ts'
import { sparkline } from '../render/sparkline.ts'
import { stackWords } from '../render/words/run.ts'
import { play } from '../run/play.ts'
import { isThere, type Kind, moduleOf, namesOf } from '../scenario/registry.ts'
import { loadScenario } from '../scenario/schema.ts'
import { meanPerS } from '../scenario/trace.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { openPage } from './open-page.ts'
import { report, type Telling } from './report.ts'
import { isValueOf, readSettings } from './settings/read-settings.ts'
import { noticeTargets } from './target-notice.ts'
import { columnsOf } from './telling/columns.ts'
import { both, liveLine, silent } from './telling/live-line.ts'

const AFTER = `
The same settings may stand in floodmark.config.ts, by the names of the flags in camelCase (--in-flight-max is inFlightMax):
  import { defineConfig } from 'floodmark'
  export default defineConfig({ queue: 'kafka', rate: '3k' })
The file may also end in .mts, .cts, .js, .mjs, .cjs or .json. FLOODMARK_IN_FLIGHT_MAX in the environment or in .env is the same. A
flag goes before the environment, that before .env, that before the file, and the file before the default.

Examples:
  npm run scenario flash-sale
  npm run scenario flash-sale -- --quick --queue redis-streams --ledger redis --processes 2
  npm run scenario steady -- --rate 3k --duration 5m --p99 200ms
  npm run scenario ./my-sale.ts -- --shape trace.csv
  npm run scenario flash-sale -- --tag before-upgrade --open
  npm run scenario flash-sale -- --target https://staging.example.com/webhooks/{provider}

Exits: 0 PASS, 1 FAIL, 2 bad input, 3 environment, 4 INDETERMINATE, 5 INVALID (the load was not as planned), 130 interrupted.`

/** The command `scenario`. */
export function define(command: Command): void {
  command.argument('[name]', 'a scenario, or the path of your own')
  for (const [, setting] of everySetting) command.addOption(new Option(setting.flag, explained(setting)))
  command
    .option('--open', 'show the page in the browser when the run is over', false)
    .option('--live', 'show the run in the browser while it goes on; the address is printed', false)
    .option('--json', 'print report.json, and no words', false)
    .option('--quiet', 'print nothing but errors: the exit code and the files say it', false)
    .addHelpText('after', AFTER)
    .action(
      async (name: string | undefined, { open, live, json, quiet, ...flags }: Telling & Record<string, unknown>) => {
        if (name === undefined) process.exitCode = await list()
        else process.exitCode = await scenario(await readSettings(name, flags), { open, live, json, quiet } as Telling)
      },
    )
}

/** For values that npm mixed up: which of them is the scenario, the queue, the rate. */
export function takes(name: string, value: string): boolean {
  const [, setting] = everySetting.find(([, { flag }]) => flag.split(' ')[0] === name) ?? []
  const kind: Kind | undefined = name === 'name' ? 'scenario' : setting && (setting as Setting).names
  return kind === undefined ? isValueOf(name, value) : isThere(kind, value)
}

export function explained(setting: Setting): string {
  const { help, names, unset } = setting
  const fallback = defaultOf(setting)
  const choice = names === undefined ? '' : `: ${namesOf(names).join(', ')}, or the path of your own`
  const standing = fallback === undefined ? unset : fallback === false ? 'off' : textOf(setting, fallback)
  return `${help}${choice} (default: ${standing})`
}

async function list(): Promise<number> {
  const columns = columnsOf(process.stdout)
  for (const name of namesOf('scenario')) {
    const { question, durationMs, quickMs } = await loadScenario(moduleOf('scenario', name), name)
    const times = `${durationMs / 1_000} s, quick ${quickMs / 1_000} s`
    const edge = `${name.padEnd(16)} ${times.padEnd(17)} `
    const lines = columns === undefined ? [question] : foldedTo(columns - edge.length, question, '')
    process.stdout.write(`${edge}${lines.join(`\n${' '.repeat(edge.length)}`)}\n`)
  }
  process.stdout.write('\nThe times are those of sending. Starting, warm-up and draining come on top.\n')
  process.stdout.write('Run one: npm run scenario <name>. All flags: npm run scenario -- --help\n')
  return EXIT.PASS
}

async function scenario(settings: RunSettings, telling: Telling): Promise<number> {
  const plan = await planOf(settings)
  // The report needs it at the end. That it is missing is told before the run, not after.
  import.meta.resolve('uplot/dist/uPlot.iife.min.js')
  const { target } = plan
  // Before there is a folder, which a signal would leave.
  const interrupt = onInterrupt()
  const folder = runFolder(settings.out, [
    settings.scenario,
    ...(target ? [target.host] : [settings.receiver, settings.queue]),
  ])
  // In whatever way this process ends, the data of queue and ledger is no part of the record.
  process.once('exit', () => rmSync(dataPath(folder.path), { recursive: true, force: true }))
  try {
    await noticeTargets([plan], interrupt.signal)
    return await measured(plan, folder.path, interrupt.signal, telling)
  } catch (error) {
    if (hasBegun(folder.path)) throw new FloodmarkError(codeOf(error), `${messageOf(error)}. ${leftIn(folder.path)}`)
    folder.discard()
    if (!interrupt.signal.aborted) throw error
    process.stderr.write('floodmark: interrupted before the first event was sent: there is nothing to report\n')
    return EXIT.INTERRUPTED
  } finally {
    interrupt.dispose()
  }
}

async function measured(plan: Plan, folder: string, interrupt: AbortSignal, telling: Telling): Promise<number> {
  if (!telling.quiet) tellTrace(plan)
  const line = telling.quiet
    ? silent
    : liveLine(process.stderr, plan.durationMs, plan.scenario.phases, plan.acceptP99Ms)
  const live = telling.live ? await LivePage.start() : undefined
  if (live) process.stderr.write(`live: ${live.address}\n`)
  if (live && telling.open) openPage(live.address)
  try {
    const events = live ? both(line, live.show(plan, stackWords(plan.settings))) : line
    await play(plan, folder, events, interrupt)
    line.end()
    const code = await report(folder, { ...telling, open: telling.open === true && !live })
    await live?.become(join(folder, 'report.html'))
    return code
  } finally {
    line.end()
    await live?.end()
  }
}

/** What was understood of the file that --shape names, before it is played. */
function tellTrace({ trace, traceRead, settings }: Plan): void {
  if (!trace) return
  const peak = trace.reduce((most, count) => Math.max(most, count), 0)
  const course = `${trace.length} s, mean ${meanPerS(trace)}/s, peak ${Number(peak.toPrecision(6))}/s`
  process.stderr.write(`${settings.shape}: ${traceRead}; ${course}\n${sparkline(trace)}\n`)
}

/** There is something worth keeping: its record, or an attempt that was written down. */
function hasBegun(folder: string): boolean {
  if (existsSync(join(folder, 'run.json'))) return true
  try {
    return readJournal(journalPath(folder, 0)).next().done !== true
  } catch {
    return false
  }
}

const codeOf = (error: unknown) => (error instanceof FloodmarkError ? error.code : 'unavailable')

function leftIn(folder: string): string {
  if (existsSync(join(folder, 'run.json'))) return `The records are whole: npm run report -- ${folder}`
  return `What was recorded until then is in ${folder}, but it is not enough for a report`
}
