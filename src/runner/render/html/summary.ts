import { perS } from '../../../core/base/words.ts'
import type { CardWords } from '../../report/card.ts'
import { INTERVAL_MEANS, LEFT_OUT, PERCENTILE_HEAD } from '../../report/latency/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { type Markup, markup } from '../markup.ts'
import { type SaidCheck, sayCheck } from '../words/checks.ts'
import { invalidWords, isFollowed, lossWords, NOT_FOLLOWED, stackWords, survives } from '../words/run.ts'
import { familyRows, headP99, notAcceptedWords, phaseRows } from '../words/waits.ts'
import { accountingBlocks } from './cards.ts'
import { section, table } from './table.ts'

export function header(report: Report): Markup {
  const { verdict, interrupted, scenario, settings } = report
  return markup`<header class="${verdict.toLowerCase()}">
<p class="verdict">${verdict}${interrupted && ' (interrupted)'}</p>
<h1>${scenario.name}: ${stackWords(settings)}</h1>
<p>${scenario.question}</p>
${
  verdict === 'INVALID' &&
  markup`<p>${invalidWords(report)}</p>
`
}</header>
`
}

/** The figures that most people look for. */
export function figures(report: Report): Markup {
  const { latency, notAccepted, audit, setup, durability } = report
  const p99 = headP99(latency)
  const figure = (value: string | number, name: string) => markup`<div><b>${value}</b><span>${name}</span></div>`
  return markup`<section class="figures">${[
    figure(p99.value, p99.name),
    ...notAcceptedWords(notAccepted).map(([count, of]) => figure(count, of)),
    figure(perS(setup.peakPerS), 'planned at the peak'),
    ...(isFollowed(report) ? [figure(audit.lost, 'accepted and lost')] : []),
    ...(audit.altered > 0 ? [figure(audit.altered, 'not as they were signed')] : []),
    ...(isFollowed(report) ? [figure(audit.duplicateEffects, 'double effects')] : []),
    ...(durability ? [figure(survives(durability.queue.survives), 'a 2xx survives')] : []),
  ]}</section>
`
}

const MARKS: Readonly<Record<SaidCheck['state'], string | Markup>> = {
  ok: 'ok',
  warning: 'warning',
  undecided: 'undecided',
  failed: markup`<b class="failed">FAILED</b>`,
}

export function checksTable({ checks }: Report): Markup {
  const rows = checks.map(sayCheck).map(({ title, measured, wanted, state }) => [MARKS[state], title, measured, wanted])
  return section('Checks', table(['', 'check', 'measured', 'wanted'], rows))
}

export function accounting(report: Report, cards: readonly CardWords[]): Markup {
  const { audit } = report
  if (!isFollowed(report)) return unfollowedAccounting(report, cards)
  const rows = [
    ['applied', audit.applied, 'took effect'],
    ['dead letters', audit.buried, 'kept with payload and reason'],
    ['refused', audit.refused, 'the sender knows; refusing is not losing'],
    [
      'unsent',
      audit.unsent,
      'by the generator’s fault, or because every connection waited for the stack: the checks say which',
    ],
    ['unknown', audit.unknown, 'no answer, and no effect'],
    ['lost', audit.lost, `accepted, then gone; ${lossWords(report)}`],
    ['altered', audit.altered, 'took effect or kept, but not as it was signed'],
    ['= planned', audit.planned, 'each event is in one of these seven'],
    ['double effects', audit.duplicateEffects, 'must be 0'],
    ['out of order', audit.reordered, 'within a key'],
    ['never sent', audit.unexpected, 'effects that nobody asked for'],
    ['duplicates absorbed', audit.duplicatesAbsorbed, 'extra deliveries; a cost, not a fault'],
    ...(audit.differingCopies > 0
      ? [['copies with another body', audit.differingCopies, 'absorbed; something changed them on the way']]
      : []),
    ['applied after a refusal', audit.appliedAfterRefusal, 'the answer was not 2xx, the event was kept'],
  ]
  return section('Accounting', table(['class', 'events', ''], rows), accountingBlocks(cards))
}

function unfollowedAccounting({ audit }: Report, cards: readonly CardWords[]): Markup {
  const rows = [
    ['accepted', audit.unfollowed, NOT_FOLLOWED],
    ['refused', audit.refused, 'the sender knows; refusing is not losing'],
    [
      'unsent',
      audit.unsent,
      'by the generator’s fault, or because every connection waited for the target: the checks say which',
    ],
    ['unknown', audit.unknown, 'no answer'],
    ['= planned', audit.planned, 'each event is in one of these four'],
  ]
  return section('Accounting', table(['class', 'events', ''], rows), accountingBlocks(cards))
}

export function percentileTable({ latency }: Report): Markup {
  const byPhase = phaseRows(latency)
  return section(
    'Percentiles',
    markup`<p>${INTERVAL_MEANS} ${LEFT_OUT}</p>`,
    table(PERCENTILE_HEAD, familyRows(latency)),
    byPhase.length > 0 && markup`<h3>By phase</h3>${table(PERCENTILE_HEAD, byPhase)}`,
  )
}
