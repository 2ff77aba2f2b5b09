import { styleText } from 'node:util'
import { oneLined } from '../../core/base/one-line.ts'
import { ms, percent, perS } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'
import { foldedTo, hanging } from './fitting.ts'
import { besideWords, moreWords, whatWords } from './words/bad-events.ts'
import { sayCards } from './words/cards.ts'
import { type SaidCheck, sayCheck } from './words/checks.ts'
import { firstSentence, todosOf } from './words/first.ts'
import { isFollowed, lossWords, NOT_FOLLOWED, otherSender, stackWords, sumWords, throughBalancer } from './words/run.ts'
import { waitLines } from './words/waits.ts'

/** So many events that must not be are shown. */
const BAD_MAX = 5
const COLOURS = { PASS: 'green', FAIL: 'red', INVALID: 'magenta', INDETERMINATE: 'yellow' } as const
const MARKS: Readonly<Record<SaidCheck['state'], string>> = {
  ok: 'ok  ',
  warning: 'warn',
  undecided: '?   ',
  failed: 'FAIL',
}

/** Lines of text are no longer than this, however wide a terminal is. */
const FOLDED_MAX = 110
const EDGE = 2
/** Of what stands behind the mark of a check. */
const INDENT = 8

/** What a person wants to know first, in some thirty lines. `columns`: of a terminal; in a pipe each fact keeps its line. */
export function terminal(raw: Report, columns = Number.POSITIVE_INFINITY): string {
  const report = oneLined(raw)
  const { audit, generator, settings, setup } = report
  const width = Math.min(FOLDED_MAX, columns - EDGE)
  const folded = (text: string) => foldedTo(width, text)
  const fitting = (line: string) => hanging(columns, line)
  const cards = sayCards(report)
  const verdict = styleText([COLOURS[report.verdict], 'bold'], report.verdict)
  const lines = [
    '',
    `${verdict}${report.interrupted ? ' (interrupted)' : ''}  ${report.scenario.name}: ${stackWords(settings)}`,
    ...folded(firstSentence(report)),
    ...todosOf(report).flatMap(folded),
    '',
    ...checkLines(report, columns),
    ...badLines(report, folded, fitting),
    ...cards.flatMap(({ lead }) => (lead ? ['', ...folded(lead.text)] : [])),
    '',
    ...waitLines(report).flatMap((line) => fitting(`  ${line}`)),
    ...fitting(`  peak ${perS(setup.peakPerS)} planned; ${setup.rateChosen}`),
    ...fitting(`  ${sumWords(audit)}`),
    ...effectLines(report, folded),
    ...cards.flatMap(({ lines = [] }) => lines.flatMap((line) => fitting(`  ${line}`))),
    ...fitting(
      report.sentBy
        ? `  ${otherSender(report.sentBy)}`
        : `  sender: lateness p99 ${ms(generator.latenessP99Ms)}, event loop ${percent(generator.eventLoopUtilization)} busy, ${generator.connectionsOpenedMax} connections${throughBalancer(setup)}`,
    ),
    ...report.errors.slice(0, 3).flatMap((error) => fitting(`  error: ${error}`)),
    '',
  ]
  return lines.join('\n')
}

type Fold = (text: string) => string[]
const STATES: readonly SaidCheck['state'][] = ['failed', 'undecided', 'warning', 'ok']
const STATE_COLOURS = { failed: ['red', 'bold'], undecided: 'yellow', warning: 'yellow', ok: 'green' } as const

/** Failed ones first, and in colour; what was measured stands in a column where there is room for one. */
function checkLines({ checks }: Report, columns: number): string[] {
  const said = checks.map(sayCheck).filter(({ quiet }) => !quiet)
  const widest = Math.max(0, ...said.map(({ title }) => title.length))
  const inOrder = STATES.flatMap((wanted) => said.filter(({ state }) => state === wanted))
  return inOrder.flatMap(({ title, measured, wanted, state }) => {
    const about = `${measured}${state === 'ok' ? '' : `, wanted ${wanted}`}`
    const line = `${`${title}:`.padEnd(widest + 1)} ${about}`
    const room = columns - INDENT
    const [first = '', ...others] =
      line.length <= room ? [line] : foldedTo(room, `${title}: ${about}`).map((one) => one.trim())
    const mark = styleText(STATE_COLOURS[state], MARKS[state])
    const rest = state === 'failed' ? styleText('red', first) : first
    return [`  ${mark}  ${rest}`, ...others.map((more) => `${' '.repeat(INDENT)}${more}`)]
  })
}

/** What effects show, where they are known; duplicates are absorbed out of sight of a target's sender. */
function effectLines(report: Report, folded: Fold): string[] {
  if (!isFollowed(report)) return folded(NOT_FOLLOWED)
  const { duplicateEffects, duplicatesAbsorbed, differingCopies } = report.audit
  const differing = differingCopies > 0 ? `, ${differingCopies} of them with another body` : ''
  const absorbed = report.target ? '' : `, duplicates absorbed ${duplicatesAbsorbed}${differing}`
  return [...folded(`${lossWords(report)}.`), `  double effects ${duplicateEffects}${absorbed}`]
}

/** The first events that must not be, and where the others are. */
function badLines(report: Report, folded: Fold, fitting: Fold): string[] {
  const { first } = report.badEvents
  if (first.length === 0) return []
  const lines = first.slice(0, BAD_MAX).map((bad) => {
    const beside = besideWords(bad)
    return `${whatWords(bad)}: ${bad.id}${bad.key ? `, key ${bad.key}` : ''}${beside && `, beside ${beside}`}`
  })
  return ['', ...lines.flatMap((line) => fitting(`  ${line}`)), ...folded(moreWords(report))]
}
