import type { CardWords } from '../../report/card.ts'
import { INTERVAL_MEANS, LEFT_OUT, PERCENTILE_HEAD } from '../../report/latency/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { type Markup, markup, trusted } from '../markup.ts'
import { type SaidCheck, sayCheck } from '../words/checks.ts'
import { isFollowed, lossWords, NOT_FOLLOWED } from '../words/run.ts'
import { familyRows, phaseRows } from '../words/waits.ts'
import { accountingBlocks } from './cards.ts'
import { percentileCurve } from './distribution.ts'
import { section, table } from './table.ts'

const MARKS: Readonly<Record<SaidCheck['state'], Markup>> = {
  ok: markup`<span class="whole good">✓ ok</span>`,
  warning: markup`<span class="whole">! warning</span>`,
  undecided: markup`<b class="whole undecided">? undecided</b>`,
  failed: markup`<b class="whole failed">✗ FAILED</b>`,
}

/** Failed and undecided ones first; those that passed are folded. */
export function checksTable({ checks }: Report): Markup {
  const said = checks.map(sayCheck)
  const rowsOf = (states: readonly SaidCheck['state'][]) =>
    states.flatMap((wanted) => said.filter(({ state }) => state === wanted)).map(checkRow)
  const head = ['', 'check', 'measured', 'wanted']
  const open = rowsOf(['failed', 'undecided', 'warning'])
  const passed = rowsOf(['ok'])
  return section(
    'Checks',
    open.length > 0 && table(head, open),
    markup`<details${open.length === 0 && trusted(' open')}><summary>${passed.length} checks passed</summary>${table(head, passed)}</details>`,
  )
}

const checkRow = ({ title, measured, wanted, state }: SaidCheck) => [MARKS[state], title, measured, wanted]

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
    ...(audit.unfollowed > 0
      ? [['not told of', audit.unfollowed, 'accepted; the target could not be asked to the end']]
      : []),
    ['= planned', audit.planned, `each event is in one of these ${audit.unfollowed > 0 ? 'eight' : 'seven'}`],
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

export function percentileTable(report: Report): Markup {
  const { latency, cards, setup } = report
  const byPhase = phaseRows(latency)
  return section(
    'Percentiles',
    markup`<p>${INTERVAL_MEANS} ${LEFT_OUT}</p>`,
    cards.distribution && percentileCurve(cards.distribution, setup.acceptP99Ms),
    table(PERCENTILE_HEAD, familyRows(report)),
    byPhase.length > 0 && markup`<h3>By phase</h3>${table(PERCENTILE_HEAD, byPhase)}`,
  )
}
