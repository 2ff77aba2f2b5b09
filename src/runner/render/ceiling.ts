import { interval, ms, perS, seconds } from '../../core/base/words.ts'
import { knownPerS } from '../search/answer.ts'
import { type Ceiling, ceilingSchema } from '../search/ceiling-schema.ts'
import { ceilingChart } from './ceiling-chart.ts'
import { bindingSections } from './html/binding.ts'
import { page } from './html/page.ts'
import { section, table } from './html/table.ts'
import { type Markup, markup } from './markup.ts'
import {
  acceptWords,
  ceilingWords,
  doubtWords,
  judgedP99Ms,
  lawWords,
  limitRows,
  othersOf,
  outcomeWords,
} from './words/ceiling.ts'
import { classWords } from './words/compare.ts'
import { costTable } from './words/costs.ts'
import { environmentWords, stackWords } from './words/run.ts'
import { writeWhole } from './write-whole.ts'

/** Writes ceiling.json and ceiling.html into the folder of the search. */
export function renderCeiling(ceiling: Ceiling, folder: string): void {
  const checked = ceilingSchema.parse(ceiling)
  writeWhole(folder, {
    'ceiling.json': `${JSON.stringify(checked, null, 1)}\n`,
    'ceiling.html': ceilingHtml(checked),
  })
}

export function ceilingHtml(ceiling: Ceiling): string {
  const { settings, trials, found, drifted, reproduce } = ceiling
  const costs = costTable(ceiling)
  const isHeld = found.kind === 'generator-bound' && found.soakedPerS !== null
  const isSure = (found.kind === 'found' || isHeld) && !drifted
  const said = [ceilingWords(ceiling), acceptWords(ceiling), lawWords(ceiling), ...doubtWords(ceiling)]
  return page({
    title: `ceiling · ${stackWords(settings)}`,
    content: markup`<header class="${isSure ? 'pass' : 'indeterminate'}">
<p class="verdict">${headline(ceiling)}</p>
<h1>${stackWords(settings)}</h1>
${said.map((line) => line && markup`<p>${line}</p>`)}
</header>
${section('Load and response time', ceilingChart(ceiling))}
${bindingSections(ceiling)}
${byLimit(ceiling)}
${costs && section('What 1,000 events cost', [table(costs.head, costs.rows), costs.notes.map((note) => markup`<p>${note}</p>`)])}
${section('Trials', trialsTable(trials))}
${section('Setting', table(['', ''], settingRows(ceiling)), reproduce !== undefined && markup`<h3>Run it again</h3><pre>${reproduce}</pre>`)}`,
  })
}

/** What one must know to judge the figures. */
function settingRows({ settings, environment, startedAt, tookMs, trials, trialMs }: Ceiling): string[][] {
  const durability = trials.findLast((one) => one.durability)?.durability
  const others = othersOf(trials)
  const handled = settings.target === undefined ? '; the handlers are those of the benchmark, so yours come on top' : ''
  return [
    ['load', `the scenario steady: a ramp, and then an even rate${handled}`],
    ['trials', `${trials.length} of ${seconds(trialMs)}, in ${seconds(tookMs)}`],
    ...(durability ? [['what lasts', classWords(durability)]] : []),
    [
      'others meanwhile',
      others ? `${others.mean.toFixed(2)} cores; in the busiest trial ${others.most.toFixed(2)}` : 'unknown',
    ],
    ['environment', environmentWords(environment)],
    ['started', startedAt],
  ]
}

function headline({ found }: Ceiling): string {
  const { kind, soakedPerS } = found
  // The headline is a rate that was run and passed. At the ceiling's middle half of the trials fail.
  const unsoaked = soakedPerS === null ? ', not soaked' : ''
  if (kind === 'generator-bound') return `at least ${perS(knownPerS(found) ?? 0)}${unsoaked}`
  if (soakedPerS !== null) return `holds ${perS(soakedPerS)}`
  return found.interval && kind !== 'not-measurable' && kind !== 'below-lowest'
    ? perS(found.interval.mid)
    : 'no ceiling found'
}

function byLimit(ceiling: Ceiling): Markup | false {
  const rows = limitRows(ceiling)
  return rows.length > 0 && section('With other limits', table(['with at most', 'ceiling', '90%'], rows))
}

/** There may be a hundred: they are opened by whoever wants them. */
function trialsTable(trials: Ceiling['trials']): Markup {
  const head = ['', 'purpose', 'offered', 'done', 'response p99', 'slowest', 'outcome']
  return markup`<details class="trials"><summary>${trials.length} trials</summary>${table(head, trials.map(row))}</details>`
}

function row(trial: TrialRow, at: number): (string | number)[] {
  const { purpose, ratePerS, donePerS, response } = trial
  const p99Ms = judgedP99Ms(trial)
  const p99 = response.p99 ? interval(response.p99) : p99Ms === undefined ? '' : `~${ms(p99Ms)}`
  const slowest = response.maxMs === undefined ? '' : ms(response.maxMs)
  return [at + 1, purpose, perS(ratePerS), perS(donePerS), p99, slowest, outcomeWords(trial)]
}
type TrialRow = Ceiling['trials'][number]
