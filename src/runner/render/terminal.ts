import { styleText } from 'node:util'
import { oneLined } from '../../core/base/one-line.ts'
import { ms, percent, perS } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'
import { besideWords, moreWords, whatWords } from './words/bad-events.ts'
import { sayCards } from './words/cards.ts'
import { type SaidCheck, sayCheck } from './words/checks.ts'
import {
  invalidWords,
  isFollowed,
  lossWords,
  NOT_FOLLOWED,
  stackWords,
  sumWords,
  throughBalancer,
} from './words/run.ts'
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

/** What a person wants to know first, in some thirty lines. */
export function terminal(raw: Report): string {
  const report = oneLined(raw)
  const { audit, generator, settings, setup } = report
  const cards = sayCards(report)
  const verdict = styleText([COLOURS[report.verdict], 'bold'], report.verdict)
  const lines = [
    '',
    `${verdict}${report.interrupted ? ' (interrupted)' : ''}  ${report.scenario.name}: ${stackWords(settings)}`,
    ...(report.verdict === 'INVALID' ? folded(invalidWords(report)) : []),
    '',
    ...report.checks
      .map(sayCheck)
      .filter(({ quiet }) => !quiet)
      .map(({ title, measured, wanted, state }) => {
        return `  ${MARKS[state]}  ${title}: ${measured}${state === 'ok' ? '' : `, wanted ${wanted}`}`
      }),
    ...badLines(report),
    ...cards.flatMap(({ lead }) => (lead ? ['', ...folded(lead.text)] : [])),
    '',
    ...waitLines(report).map((line) => `  ${line}`),
    `  peak ${perS(setup.peakPerS)} planned; ${setup.rateChosen}`,
    `  ${sumWords(audit)}`,
    ...effectLines(report),
    ...cards.flatMap(({ lines = [] }) => lines.map((line) => `  ${line}`)),
    `  sender: lateness p99 ${ms(generator.latenessP99Ms)}, event loop ${percent(generator.eventLoopUtilization)} busy, ${generator.connectionsOpenedMax} connections${throughBalancer(setup)}`,
    ...report.errors.slice(0, 3).map((error) => `  error: ${error}`),
    '',
  ]
  return lines.join('\n')
}

/** What effects show, where they are known; duplicates are absorbed out of sight of a target's sender. */
function effectLines(report: Report): string[] {
  if (!isFollowed(report)) return folded(NOT_FOLLOWED)
  const { duplicateEffects, duplicatesAbsorbed, differingCopies } = report.audit
  const differing = differingCopies > 0 ? `, ${differingCopies} of them with another body` : ''
  const absorbed = report.target ? '' : `, duplicates absorbed ${duplicatesAbsorbed}${differing}`
  return [...folded(`${lossWords(report)}.`), `  double effects ${duplicateEffects}${absorbed}`]
}

/** The first events that must not be, and where the others are. */
function badLines(report: Report): string[] {
  const { first } = report.badEvents
  if (first.length === 0) return []
  const lines = first.slice(0, BAD_MAX).map((bad) => {
    const beside = besideWords(bad)
    return `${whatWords(bad)}: ${bad.id}${bad.key ? `, key ${bad.key}` : ''}${beside && `, beside ${beside}`}`
  })
  return ['', ...lines.map((line) => `  ${line}`), ...folded(moreWords(report))]
}

/** In lines that fit a terminal; a word that is longer than one has its own. */
function folded(text: string): string[] {
  return (text.match(/(?:.{1,110}|\S+)(?:\s+|$)/g) ?? [text]).map((line) => `  ${line.trim()}`)
}
