import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { seconds } from '../../core/base/words.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { openBench } from '../ceiling/bench.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { type SearchFlags, searchAgain, searchAnew } from '../ceiling/search-again.ts'
import { goingOn, TrialsFile } from '../ceiling/trials-file.ts'
import { folderOf } from '../history/named.ts'
import { LivePage } from '../live/live-page.ts'
import { planOf } from '../plan/plan-run.ts'
import { perS, time } from '../plan/quantities.ts'
import { everySetting, flagOf, type RunSettings, writtenName } from '../plan/settings.ts'
import { dataPath, type RunFolder, runFolder } from '../records/run-folder.ts'
import { renderCeiling } from '../render/ceiling.ts'
import { ceilingLines, trialLine } from '../render/ceiling-terminal.ts'
import { progressWords, soFarWords } from '../render/words/ceiling.ts'
import { stackWords } from '../render/words/run.ts'
import type { Ceiling } from '../search/ceiling-schema.ts'
import { GOAL } from '../search/search.ts'
import { durationOf } from '../search/time-plan.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'
import { addressOf, indexBeside } from './report.ts'
import { explained } from './scenario.ts'
import { flagValue } from './settings/flag-value.ts'
import { readSettings } from './settings/read-settings.ts'
import { noticeTargets } from './target-notice.ts'
import { type Answering, answer, sayer } from './telling/answer.ts'
import { columnsOf } from './telling/columns.ts'
import { both, liveLine, silent } from './telling/live-line.ts'

const AFTER = `
Each trial is a whole run of the scenario steady at one rate: started, measured, audited. A load holds when nothing accepted
is lost or altered, nothing is refused, the p99 marks hold and the backlog does not grow. The search is over when it knows the
ceiling to within 10%, and the load that it publishes has been soaked for five trials' time.

Examples:
  npm run ceiling
  npm run ceiling -- --receiver fastify --queue redis-streams --ledger redis --p99 200ms
  npm run ceiling -- --queue redis-streams --ledger redis --binds
  npm run ceiling -- --target https://staging.example.com/webhooks/{provider} --max-rate 3k
  npm run ceiling -- --resume reports/2026-01-31T08-00-00-ceiling-raw-http-embedded

Exits: 0 found, or as much held a soak as could be offered, 1 below the lowest load, 2 bad input, 3 environment, 4 time was over
before all was known and soaked, or the machine changed, 5 not measurable here, 130 interrupted.`

/** Flags of a search, as they are where nothing else is given. */
export const SEARCH_DEFAULTS = { trial: '6s', budget: '6m', maxRate: '40k' } as const
/** What binds takes some ten minutes more. */
const BINDS_BUDGET = '18m'

/** @throws FloodmarkError 'misuse' that names the flag. */
export function searchTimes({ trial, budget, maxRate }: Readonly<Record<keyof typeof SEARCH_DEFAULTS, string>>) {
  return {
    trialMs: flagValue('--trial', time('s', 2_000, 600_000), trial),
    budgetMs: flagValue('--budget', time('s', 10_000, 86_400_000), budget),
    ratePerSMax: flagValue('--max-rate', perS('events', 10, 1_000_000), maxRate),
  }
}

const NO_PARTS = '--binds delays parts of a stack, and a --target has none within reach: leave one of them out'

/** What a search sets for each trial itself. */
const OWN: readonly string[] = ['--rate', '--duration', '--shape', '--spike', '--quick']

/** The command `ceiling`. */
export function define(command: Command): void {
  for (const [, setting] of everySetting) {
    if (!OWN.includes(flagOf(setting))) command.addOption(new Option(setting.flag, explained(setting)))
  }
  command
    .option(
      '--trial <time>',
      `time of sending in each trial; a bare number is in seconds (default: ${SEARCH_DEFAULTS.trial})`,
    )
    .option(
      '--budget <time>',
      `no trial begins that would end after this; a bare number is in seconds (default: ${SEARCH_DEFAULTS.budget}, with --binds ${BINDS_BUDGET})`,
    )
    .option('--max-rate <events/s>', `the highest load to offer (default: ${SEARCH_DEFAULTS.maxRate})`)
    .option('--binds', 'also find out what binds, by experiments: about ten minutes more (default: off)')
    .option('--live', 'show the trials in the browser while they go on; the address is printed', false)
    .option(
      '--resume <folder>',
      'go on with a search, by the settings that it was begun with; give --budget, --binds and the addresses of servers anew (default: a new one)',
    )
    .option('--json', 'print ceiling.json, and no words', false)
    .option('--quiet', 'print nothing but errors: the exit code and the files say it', false)
    .addHelpText('after', AFTER)
    .action(async (flags: CeilingFlags) => {
      process.exitCode = await ceiling(flags)
    })
}

interface CeilingFlags extends Readonly<Record<string, string | boolean | undefined>> {
  readonly trial?: string
  readonly budget?: string
  readonly maxRate?: string
  readonly resume?: string
  readonly binds?: boolean
  readonly live: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

async function ceiling({
  trial,
  maxRate,
  resume: named,
  binds,
  budget,
  live: isLive,
  json,
  quiet,
  ...flags
}: CeilingFlags): Promise<number> {
  const resume = named && folderOf(named, 'ceiling')
  const { trialMs, budgetMs, ratePerSMax, ...asked } = await askedOf(flags, { trial, budget, maxRate, binds }, resume)
  // Mistakes in what the settings name are told before anything is made.
  const plan = await planOf(asked.settings)
  const { settings } = plan
  if (binds && plan.target) throw new FloodmarkError('misuse', NO_PARTS)
  const of = plan.target ? [plan.target.host] : [settings.receiver, settings.queue]
  const folder: RunFolder = resume ? { path: resume, discard: () => {} } : runFolder(settings.out, ['ceiling', ...of])
  const { path } = folder
  const file = resume
    ? TrialsFile.resume(path, settings, trialMs)
    : TrialsFile.begin(path, settings, trialMs, ratePerSMax)
  const again = searchAgain(path, settings, { maxRate, budget, binds })
  const reproduce = searchAnew(settings, { ...begunWith(trialMs, ratePerSMax), budget, binds })
  const interrupt = onInterrupt()
  const how: Answering = { json, quiet }
  const say = sayer(how)
  const line = quiet ? silent : liveLine(process.stderr, trialMs, [{ name: 'send', until: 1 }])
  const live = isLive ? await LivePage.start() : undefined
  if (live) process.stderr.write(`live: ${live.address}\n`)
  try {
    await noticeTargets([plan], interrupt.signal, { peakPerS: ratePerSMax, lasts: lastsOf(trialMs, budgetMs) })
    const events = live
      ? both(
          line,
          live.trials(stackWords(settings), trialMs, { acceptP99Ms: plan.acceptP99Ms, senders: settings.senders }),
        )
      : line
    const beganMs = performance.now()
    const bench = await openBench({ settings, folder: path, events, interrupt: interrupt.signal })
    // Servers that start are a part of what a person waits for.
    const spentMs = performance.now() - beganMs
    const found = await findCeiling({
      ...{
        bench,
        settings,
        acceptP99Ms: plan.acceptP99Ms,
        reproduce,
        file,
        trialMs,
        budgetMs,
        spentMs,
        interrupt: interrupt.signal,
      },
      // Nothing of a target's own can be switched off, and its processes are not ours to measure.
      also: plan.target ? [] : binds ? ['accepted', 'costs', 'binding'] : ['accepted', 'costs'],
      goal: { ...GOAL, ratePerSMax },
      onTrial: (one, elapsedMs, leftMs) => {
        line.end()
        const [said, progress] = [trialLine(one, file.trials.length), progressWords(elapsedMs, leftMs)]
        say(`${said}  ${progress}`)
        live?.note(said)
        live?.found([soFarWords(file.trials) ?? '', progress])
      },
    }).finally(() => bench.stop())
    if (file.trials.length === 0) return endedBefore(folder, interrupt.signal)
    renderCeiling(found, path)
    indexBeside(path)
    answer(how, found, () => wordsOf(found, path, again))
    await live?.become(pageIn(path))
    return exitOf(found)
  } catch (error) {
    if (interrupt.signal.aborted)
      return file.trials.length > 0 ? endedAmid(again) : endedBefore(folder, interrupt.signal)
    if (file.trials.length > 0) throw cutShort(error, again)
    folder.discard()
    throw error
  } finally {
    line.end()
    await live?.end()
    file.close()
    rmSync(dataPath(path), { recursive: true, force: true })
    interrupt.dispose()
  }
}

/** How long a search goes on. */
export function lastsOf(trialMs: number, budgetMs: number): string {
  const soakMs = durationOf('soak', trialMs)
  return `in trials of ${seconds(trialMs)} and soaks of ${seconds(soakMs)}, for ${seconds(budgetMs)} in all`
}

/** A search that goes on has the settings, the trials' time and the highest load that it was begun with, unless a flag says otherwise. */
async function askedOf(
  flags: Readonly<Record<string, unknown>>,
  { trial, budget, maxRate, binds }: SearchFlags & { readonly trial: string | undefined },
  resume: string | undefined,
): Promise<ReturnType<typeof searchTimes> & { readonly settings: RunSettings }> {
  const settings = await readSettings('steady', flags)
  const wanted = searchTimes({
    trial: trial ?? SEARCH_DEFAULTS.trial,
    budget: budget ?? (binds ? BINDS_BUDGET : SEARCH_DEFAULTS.budget),
    maxRate: maxRate ?? SEARCH_DEFAULTS.maxRate,
  })
  if (resume === undefined) return { ...wanted, settings }
  const named = everySetting.filter(([, setting]) => flags[writtenName(setting)] !== undefined).map(([name]) => name)
  const begun = goingOn(resume, settings, named)
  return {
    ...{ settings: begun.settings, budgetMs: wanted.budgetMs },
    trialMs: trial === undefined ? begun.trialMs : wanted.trialMs,
    ratePerSMax: maxRate === undefined ? (begun.ratePerSMax ?? wanted.ratePerSMax) : wanted.ratePerSMax,
  }
}

/** What a search was begun with, as flags; undefined: as it is by default. */
function begunWith(trialMs: number, ratePerSMax: number) {
  const { trialMs: usualMs, ratePerSMax: usualPerS } = searchTimes(SEARCH_DEFAULTS)
  return {
    trial: trialMs === usualMs ? undefined : `${trialMs / 1_000}s`,
    maxRate: ratePerSMax === usualPerS ? undefined : String(ratePerSMax),
  }
}

/** A search without a trial is nothing to keep. */
function endedBefore(folder: RunFolder, { aborted }: AbortSignal): number {
  if (!aborted) throw new FloodmarkError('misuse', '--budget leaves no time for one trial: give it a minute or more')
  folder.discard()
  process.stderr.write('floodmark: ended before the first trial: there is nothing to report\n')
  return EXIT.INTERRUPTED
}

/** Interrupted while nothing was tried, as when servers start: the answer so far stays as it was. */
function endedAmid(again: string): number {
  process.stderr.write(`floodmark: interrupted. The trials until then are kept; go on: ${again}\n`)
  return EXIT.INTERRUPTED
}

/** `again`: the line that goes on. */
function cutShort(error: unknown, again: string): FloodmarkError {
  const code = error instanceof FloodmarkError ? error.code : 'unavailable'
  return new FloodmarkError(code, `${messageOf(error)}. The trials until then are kept; go on: ${again}`)
}

const pageIn = (path: string) => join(path, 'ceiling.html')

export function wordsOf(found: Ceiling, path: string, again: string): string {
  const lines = ceilingLines(found, columnsOf(process.stdout))
  const more = isLeftOpen(found) ? [`  Go on: ${again}`, ''] : []
  return `${[...lines, ...more].join('\n')}  ${addressOf(pageIn(path))}\n\n`
}

function isLeftOpen({ found: { kind, soakedPerS }, binding, interrupted }: Ceiling): boolean {
  const isUnsoaked = kind === 'generator-bound' && soakedPerS === null
  return interrupted || kind === 'budget-over' || isUnsoaked || (binding?.open.length ?? 0) > 0
}

export function exitOf(ceiling: Ceiling): number {
  const { found, drifted, interrupted } = ceiling
  if (interrupted) return EXIT.INTERRUPTED
  if (found.kind === 'not-measurable') return EXIT.INVALID
  if (found.kind === 'below-lowest') return EXIT.FAIL
  return isLeftOpen(ceiling) || drifted ? EXIT.INDETERMINATE : EXIT.PASS
}
