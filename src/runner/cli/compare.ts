import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { oneLine, oneLined } from '../../core/base/one-line.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { comparisonOf } from '../compare/comparison.ts'
import type { Comparison } from '../compare/comparison-schema.ts'
import { leftOut } from '../compare/counted.ts'
import { type ComparedStack, listOf, stacksOf, variedOf } from '../compare/stacks.ts'
import { folderOf } from '../history/named.ts'
import { LivePage } from '../live/live-page.ts'
import { needQuiet } from '../machine/quiet.ts'
import { type Plan, planOf } from '../plan/plan-run.ts'
import { countOf } from '../plan/quantities.ts'
import { everySetting } from '../plan/settings.ts'
import { shownValue } from '../plan/shown.ts'
import { runFolder } from '../records/run-folder.ts'
import { renderComparison } from '../render/compare/index.ts'
import { comparisonLines, turnLine } from '../render/compare/text.ts'
import { renderAll } from '../render/index.ts'
import { progressWords } from '../render/words/ceiling.ts'
import { environmentNow } from '../run/compose-record.ts'
import { namesOf } from '../scenario/registry.ts'
import { takeTurns } from '../turns/take-turns.ts'
import { TurnsFile } from '../turns/turns-file.ts'
import { SEARCH_DEFAULTS } from './ceiling.ts'
import { commandOf, LISTS, listsOf, refuseMixed, refuseUnused, withoutLists } from './compare/asked.ts'
import { compareCeilings } from './compare/ceilings.ts'
import { compareRuns, type RunsFlags } from './compare-runs.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { addressOf, indexBeside } from './report.ts'
import { explained } from './scenario.ts'
import { readSettings } from './settings/read-settings.ts'
import { noticeTargets } from './target-notice.ts'
import { type Answering, answer, sayer } from './telling/answer.ts'
import { columnsOf } from './telling/columns.ts'
import { both, liveLine, silent } from './telling/live-line.ts'

const AFTER = `
Every combination of the stacks runs the same scenario with the same seed, in turns: forward in one round, backward in the next.
A stack that fails is not ranked, nor is anything on a machine that does something else as well. Stacks that survive
different failures are not ranked against each other.

With --ceiling each stack's ceiling is searched, a few trials of one stack after a few of another, for at most --budget a stack.

With two runs it says what changed from the first to the second, and whether that is real. A run is a folder, its report.json,
latest, previous, or a tag; runs of one tag are taken together. Three runs or more a side find smaller differences.

Examples:
  npm run compare -- flash-sale --queues embedded,redis-streams --receivers raw-http,fastify
  npm run compare -- steady --quick --queues redis-streams --vary fsync=always,everysec --rounds 6
  npm run compare -- all --quick --queues embedded,kafka
  npm run compare -- flash-sale --queues embedded,kafka --resume reports/2026-01-31T08-00-00-compare-flash-sale

  npm run compare -- --ceiling --queues embedded,redis-streams --budget 4m
  npm run compare -- steady --vary target=http://127.0.0.1:8080/hooks,http://127.0.0.1:8081/hooks

  npm run compare -- previous latest --allow 10%
  npm run compare -- main pull-request --summary "$GITHUB_STEP_SUMMARY"

Exits: 0 compared, 1 a stack failed or became worse, 2 bad input, 3 environment or a busy machine, 4 nothing could be ranked or compared, 130 interrupted.`

const NO_SCENARIO = 'name a scenario, two runs, or --ceiling: npm run compare -- --help'

const ROUNDS = { least: 1, most: 100 }

type Flags = RunsCompared & {
  readonly ceiling: boolean
  readonly trial: string
  readonly budget: string
  readonly maxRate: string
}
type RunsCompared = Readonly<Record<string, unknown>> &
  Answering & {
    readonly rounds: string
    readonly vary?: readonly string[]
    readonly resume?: string
    readonly force: boolean
    readonly live: boolean
  }

/** The command `compare`. */
export function define(command: Command): void {
  command
    .argument('[scenario]', 'a scenario, several (a,b), all, or the path of your own; or the run to compare with')
    .argument('[run]', 'the run to compare: what changed since the first')
  for (const [list, part] of Object.entries(LISTS)) {
    command.option(
      `--${list} <names>`,
      `${list} to compare, as a,b; or paths of your own (default: the one of --${part})`,
    )
  }
  command
    .option(
      '--vary <name=values>',
      'any other setting by its flag and the values to compare, as fsync=always,everysec; may come several times (default: none)',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--ceiling', 'compare what each stack sustains, instead of one rate; without a scenario', false)
    .option(
      '--budget <time>',
      'for --ceiling: time of trials for each stack; a bare number is in seconds',
      SEARCH_DEFAULTS.budget,
    )
    .option(
      '--trial <time>',
      'for --ceiling: time of sending in each trial; a bare number is in seconds',
      SEARCH_DEFAULTS.trial,
    )
    .option('--max-rate <events/s>', 'for --ceiling: the highest load to offer', SEARCH_DEFAULTS.maxRate)
    .option('--rounds <count>', 'runs of each stack', '5')
    .option(
      '--resume <folder>',
      'go on with a comparison: make what is missing, or did not count, or more rounds (default: a new one)',
    )
    .option('--force', 'rank on a busy machine too, and say so', false)
    .option('--live', 'show the runs in the browser while they go on; the address is printed', false)
    .option('--allow <share>', 'for two runs: how much worse the second may be', '10%')
    .option('--summary <file>', 'for two runs: a file that the markdown is added to (default: none)')
    .option('--json', 'print the result as JSON, and no words', false)
    .option('--quiet', 'print nothing but errors: the exit code and the files say it', false)
  for (const [, setting] of everySetting) command.addOption(new Option(setting.flag, explained(setting)))
  command
    .addHelpText('after', AFTER)
    .action(async (name: string | undefined, run: string | undefined, flags: Flags & RunsFlags) => {
      const { allow, summary, ...others } = flags
      const { ceiling, rounds, trial, budget, maxRate, ...rest } = others
      refuseUnused(command, ceiling ? 'ceilings' : run === undefined ? 'stacks' : 'runs')
      if (ceiling) process.exitCode = await compareCeilings(name, { trial, budget, maxRate, ...rest })
      else if (name === undefined) throw new FloodmarkError('misuse', NO_SCENARIO)
      else
        process.exitCode = run === undefined ? await compare(name, { rounds, ...rest }) : compareRuns(name, run, flags)
    })
}

async function compare(
  name: string,
  { rounds: written, vary = [], resume: named, force, live: isLive, json, quiet, ...flags }: RunsCompared,
): Promise<number> {
  const rounds = countOf(written)
  if (rounds === undefined || !Number.isInteger(rounds) || rounds < ROUNDS.least || rounds > ROUNDS.most) {
    throw new FloodmarkError(
      'misuse',
      `--rounds '${written}' is not a whole number from ${ROUNDS.least} to ${ROUNDS.most}`,
    )
  }
  const scenarios = name === 'all' ? namesOf('scenario') : listOf('scenario', name)
  const varied = [...listsOf(flags), ...vary.map(variedOf)]
  const base = await readSettings(scenarios[0]!, withoutLists(flags))
  refuseMixed(base, varied)
  const stacks = stacksOf(base, varied)
  // Mistakes in what the settings name are told before anything is made.
  const plans = await Promise.all(scenarios.map((scenario) => plansOf(scenario, stacks)))
  const compared = { scenarios, stacks }
  const resume = named && folderOf(named, 'comparison')
  const begun = resume === undefined ? undefined : TurnsFile.resume(resume, compared)
  await needQuiet(force)
  const folder = resume ?? runFolder(base.out, ['compare', name.replaceAll(',', '-')]).path
  const file = begun ?? TurnsFile.begin(folder, compared)
  const startedAt = new Date().toISOString()
  const interrupt = onInterrupt()
  const live = isLive ? await LivePage.start() : undefined
  if (live) process.stderr.write(`live: ${live.address}\n`)
  try {
    await noticeTargets(plans.flat(), interrupt.signal)
    await takeTurns({
      ...{ scenarios, stacks, rounds, forced: force, folder, file, interrupt: interrupt.signal },
      ...told(file, live, { json, quiet }),
    })
    const comparison = comparisonOf(file.turns, {
      scenarios: scenarios.map((scenario, at) => ({ scenario, acceptP99Ms: plans[at]![0]!.acceptP99Ms })),
      startedAt: file.turns[0]?.startedAt ?? startedAt,
      interrupted: interrupt.signal.aborted,
      ...{ seed: base.seed, tag: base.tag, rounds, forced: force, environment: environmentNow() },
      command: commandOf([shownValue(name)], varied, base, [`--rounds ${rounds}`]),
    })
    renderComparison(comparison, folder)
    indexBeside(folder)
    answer({ json, quiet }, comparison, () => {
      const lines = [...comparisonLines(comparison, columnsOf(process.stdout)), ...goOn(comparison, folder)]
      return `${lines.join('\n')}  ${addressOf(join(folder, 'compare.html'))}\n\n`
    })
    await live?.become(join(folder, 'compare.html'))
    return exitOf(comparison)
  } finally {
    await live?.end()
    file.close()
    interrupt.dispose()
  }
}

/** The line that makes the runs again that do not count. */
function goOn({ turns, forced, command }: Comparison, folder: string): string[] {
  return leftOut(turns, forced) === 0 ? [] : [`  Go on: ${oneLine(command)} --resume ${shownValue(folder)}`, '']
}

type TurnsTelling = Pick<Parameters<typeof takeTurns>[0], 'onTurn' | 'onDone'>

function told(file: TurnsFile, live: LivePage | undefined, how: Answering): TurnsTelling {
  let line: ReturnType<typeof liveLine> | undefined
  const say = sayer(how)
  const beganMs = performance.now()
  let done = 0
  return {
    onTurn(plan, name) {
      line = how.quiet ? silent : liveLine(process.stderr, plan.durationMs, plan.scenario.phases, plan.acceptP99Ms)
      return live ? both(line, live.show(plan, name)) : line
    },
    onDone(turn, report, folder, left) {
      line?.end()
      renderAll(report, folder)
      done++
      const elapsedMs = performance.now() - beganMs
      const said = turnLine(oneLined(turn), file.turns.length)
      const progress = progressWords(elapsedMs, (elapsedMs / done) * left)
      live?.note(said)
      live?.found([progress])
      say(`${said}  ${progress}`)
    },
  }
}

function plansOf(scenario: string, stacks: readonly ComparedStack[]): Promise<Plan[]> {
  return Promise.all(stacks.map(({ settings }) => planOf({ ...settings, scenario })))
}

function exitOf({ interrupted, notRanked, scenarios }: Comparison): number {
  if (interrupted) return EXIT.INTERRUPTED
  const rows = scenarios.flatMap(({ classes }) => classes.flatMap((one) => one.rows))
  if (rows.some(({ why }) => why === 'fails')) return EXIT.FAIL
  return notRanked || rows.every(({ place }) => place === 'unranked') ? EXIT.INDETERMINATE : EXIT.PASS
}
