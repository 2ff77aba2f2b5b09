import { basename, join } from 'node:path'
import { oneLine } from '../../../core/base/one-line.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { ceilingsOf } from '../../compare/ceilings.ts'
import type { ComparedCeilings } from '../../compare/ceilings-schema.ts'
import { type ComparedStack, stacksOf, variedOf } from '../../compare/stacks.ts'
import { folderOf } from '../../history/named.ts'
import { LivePage } from '../../live/live-page.ts'
import { needQuiet } from '../../machine/quiet.ts'
import { planOf } from '../../plan/plan-run.ts'
import { flagOf, SETTINGS } from '../../plan/settings.ts'
import { runFolder } from '../../records/run-folder.ts'
import { renderCeiling } from '../../render/ceiling.ts'
import { trialLine } from '../../render/ceiling-terminal.ts'
import { ceilingsLines, renderCeilings } from '../../render/compare/ceilings.ts'
import { progressWords, soFarWords } from '../../render/words/ceiling.ts'
import { environmentNow } from '../../run/compose-record.ts'
import { GOAL } from '../../search/search.ts'
import { mustHoldSearches, openSearches, type SearchedStack, takeCeilingTurns } from '../../turns/ceiling-turns.ts'
import { lastsOf, searchTimes } from '../ceiling.ts'
import { EXIT } from '../exit.ts'
import { onInterrupt } from '../interrupt.ts'
import { addressOf, indexBeside } from '../report.ts'
import { readSettings } from '../settings/read-settings.ts'
import { noticeTargets } from '../target-notice.ts'
import { type Answering, answer, sayer } from '../telling/answer.ts'
import { columnsOf } from '../telling/columns.ts'
import { both, liveLine, silent } from '../telling/live-line.ts'
import { commandOf, listsOf, refuseMixed, withoutLists } from './asked.ts'

/** What a search sets for each trial itself. */
const OWN = ['ratePerS', 'durationMs', 'shape', 'spike', 'quick'] as const

interface CeilingsAsked {
  readonly trial: string
  readonly budget: string
  readonly maxRate: string
  readonly resume: string | undefined
  readonly force: boolean
  readonly live: boolean
  readonly told: Answering
  /** The line that makes the same comparison again. */
  readonly command: string
}

interface CeilingsFlags extends Readonly<Record<string, unknown>>, Answering {
  readonly trial: string
  readonly budget: string
  readonly maxRate: string
  readonly vary?: readonly string[]
  readonly resume?: string
  readonly force: boolean
  readonly live: boolean
}

/** `compare --ceiling`: the ceilings of several stacks, searched in turns. */
export async function compareCeilings(
  name: string | undefined,
  { vary = [], resume, force, live, trial, budget, maxRate, json, quiet, ...flags }: CeilingsFlags,
): Promise<number> {
  if (name !== undefined && name !== 'steady')
    throw new FloodmarkError('misuse', `--ceiling has a load of its own: leave '${name}' out`)
  const varied = [...listsOf(flags), ...vary.map(variedOf)]
  const base = await readSettings('steady', withoutLists(flags))
  const unused = OWN.find((key) => base.given?.includes(key))
  if (unused)
    throw new FloodmarkError('misuse', `--ceiling sets ${flagOf(SETTINGS[unused])} for each trial itself: leave it out`)
  refuseMixed(base, varied)
  const stacks = stacksOf(base, varied)
  const command = commandOf(['--ceiling'], varied, base, [
    `--trial ${trial}`,
    `--budget ${budget}`,
    `--max-rate ${maxRate}`,
  ])
  const told: Answering = { json, quiet }
  return searchAll(stacks, { trial, budget, maxRate, resume, force, live, told, command })
}

async function searchAll(stacks: readonly ComparedStack[], asked: CeilingsAsked): Promise<number> {
  const { trialMs, budgetMs, ratePerSMax } = searchTimes(asked)
  const { settings } = stacks[0]!
  const plans = await Promise.all(stacks.map((stack) => planOf(stack.settings)))
  const planned = stacks.map(({ name }, at) => ({ name, settings: plans[at]!.settings }))
  const marks = [...new Set(plans.map(({ acceptP99Ms }) => acceptP99Ms))]
  if (marks.length > 1)
    throw new FloodmarkError('misuse', '--vary p99 makes the ceilings of different questions: leave it out')
  const resume = asked.resume && folderOf(asked.resume, 'comparison')
  if (resume !== undefined) mustHoldSearches(resume)
  await needQuiet(asked.force)
  const folder = resume ?? runFolder(settings.out, ['compare', 'ceilings']).path
  const searches = openSearches(folder, planned, trialMs, ratePerSMax)
  const startedAt = searches[0]!.file.trials[0]?.startedAt ?? new Date().toISOString()
  const beganMs = performance.now()
  const interrupt = onInterrupt()
  const live = asked.live ? await LivePage.start() : undefined
  if (live) process.stderr.write(`live: ${live.address}\n`)
  const line = asked.told.quiet ? silent : liveLine(process.stderr, trialMs, [{ name: 'send', until: 1 }])
  const say = sayer(asked.told)
  const about = {
    ...{ startedAt, tag: settings.tag, seed: settings.seed, acceptP99Ms: marks[0]!, trialMs, budgetMs },
    ...{ forced: asked.force, environment: environmentNow(), command: asked.command },
  }
  const write = (): ComparedCeilings => {
    const found = searches.flatMap(({ name, folder: own, ceiling }) =>
      ceiling ? [{ stack: name, folder: basename(own), ceiling }] : [],
    )
    const compared = ceilingsOf(found, { ...about, interrupted: interrupt.signal.aborted })
    renderCeilings(compared, folder)
    return compared
  }
  try {
    await noticeTargets(plans, interrupt.signal, { peakPerS: ratePerSMax, lasts: lastsOf(trialMs, budgetMs) })
    await takeCeilingTurns({
      ...{ stacks: searches, goal: { ...GOAL, ratePerSMax }, acceptP99Ms: marks[0]!, trialMs, budgetMs },
      ...{ forced: asked.force, interrupt: interrupt.signal },
      events: ({ name, settings: { senders } }) =>
        live ? both(line, live.trials(name, trialMs, { acceptP99Ms: marks[0]!, senders })) : line,
      onTrial(stack, trial, leftMs) {
        line.end()
        const said = `${trialLine(trial, stack.file.trials.length)}  ${oneLine(stack.name)}`
        const progress = progressWords(performance.now() - beganMs, leftMs)
        say(`${said}  ${progress}`)
        live?.note(said)
        live?.found([...searches.flatMap(soFar), progress])
      },
      onTurn(stack, ceiling) {
        renderCeiling(ceiling, stack.folder)
        write()
      },
    })
    for (const { ceiling, folder: own } of searches) if (ceiling) renderCeiling(ceiling, own)
    const compared = write()
    indexBeside(folder)
    const address = addressOf(join(folder, 'compare.html'))
    answer(
      asked.told,
      compared,
      () => `${ceilingsLines(compared, columnsOf(process.stdout)).join('\n')}  ${address}\n\n`,
    )
    await live?.become(join(folder, 'compare.html'))
    return exitOf(compared)
  } finally {
    line.end()
    await live?.end()
    for (const { file } of searches) file.close()
    interrupt.dispose()
  }
}

/** How far each search has come, a line each. */
function soFar({ name, file }: SearchedStack): string[] {
  const words = soFarWords(file.trials)
  return words === undefined ? [] : [`${oneLine(name)}: ${words}`]
}

function exitOf({ interrupted, classes }: ComparedCeilings): number {
  if (interrupted) return EXIT.INTERRUPTED
  const rows = classes.flatMap((one) => one.rows)
  if (rows.some(({ why }) => why === 'below-lowest')) return EXIT.FAIL
  return rows.every(({ place }) => place === 'unranked') ? EXIT.INDETERMINATE : EXIT.PASS
}
