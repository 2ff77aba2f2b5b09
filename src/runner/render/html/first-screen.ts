import { grouped, ms, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { type Content, type Markup, markup } from '../markup.ts'
import { causesOf, firstSentence, provenOf, provenWords } from '../words/first.ts'
import { environmentWords, isFollowed, stackWords } from '../words/run.ts'
import { overview } from './overview.ts'
import { bound } from './table.ts'

/** What stands beside a run, and is no part of it. */
export interface Alongside {
  /** What held a soak, events/s, by the newest search of this stack on this machine. */
  readonly ceiling?: { readonly soakedPerS: number; readonly page: string } | undefined
}

/** All that most people need: whether it passed, what that means, how much of what was needed, and what went wrong. */
export function firstScreen(report: Report, { ceiling }: Alongside): Markup {
  const { verdict, interrupted, scenario, settings } = report
  return markup`<header class="${verdict.toLowerCase()}" id="top">
<p class="verdict">${verdict}${interrupted && ' (interrupted)'}</p>
<h1>${scenario.name}: ${stackWords(settings)}</h1>
<p class="question">${whole(scenario.question)}</p>
<p class="sentence">${whole(firstSentence(report))}</p>
${causes(report)}
${bar(report, ceiling)}
<div class="tiles">${tiles(report)}</div>
${overview(report)}
<p class="about">${whole(aboutWords(report))}</p>
</header>
`
}

function causes(report: Report): Markup | false {
  const all = causesOf(report).filter(({ todo }) => todo !== undefined)
  const todos = Map.groupBy(all, ({ todo }) => todo!)
  if (todos.size === 0) return false
  // What is the only cause stands in the sentence above.
  const isOnly = causesOf(report).length === 1
  const lines = [...todos].map(([todo, of]) => {
    const why = markup`<b>${whole(capital(of.map(({ text }) => text).join('; ')))}.</b> `
    return markup`<li>${!isOnly && why}${whole(todo)}</li>`
  })
  return markup`<h2 class="todo">What to do</h2><ul class="causes">${lines}</ul>`
}

/** A figure and its unit stay in one line, and so does a flag with its value: it is to be copied. */
function whole(text: string): Content[] {
  return bound(text)
    .split(/(--[a-z][\w-]*(?: \d\w*)?)/)
    .map((part, at) => (at % 2 === 1 ? markup`<span class="whole">${part}</span>` : part))
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)

function bar(report: Report, ceiling: Alongside['ceiling']): Markup {
  const proven = provenOf(report)
  const most = 1.08 * Math.max(proven.neededPerS, ceiling?.soakedPerS ?? 0)
  const at = (perS: number) => Math.round((1_000 * perS) / most) / 10
  const said = provenWords(proven, ceiling?.soakedPerS, report.verdict)
  const isProven = report.verdict === 'PASS'
  return markup`<figure class="bar"><div role="img" aria-label="${said}">
${ceiling && markup`<i class="ceiling-part" style="width:${at(ceiling.soakedPerS)}%"></i>`}
${proven.provenPerS !== null && markup`<i class="${isProven ? 'proven' : 'reached'}" style="width:${at(proven.provenPerS)}%"></i>`}
<i class="needed" style="left:${at(proven.neededPerS)}%"></i></div>
<figcaption>${said}${ceiling && markup` (<a href="${ceiling.page}">how it was found</a>)`}</figcaption></figure>`
}

type Tone = 'good' | 'bad' | 'plain'
const SYMBOLS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', plain: '·' }

/** What nobody may lose first, then whatever else is not 0. */
function tiles(report: Report): Markup[] {
  const { audit, notAccepted, latency, setup, verdict } = report
  const isInvalid = verdict === 'INVALID'
  const none = (count: number, name: string) =>
    tile(grouped(count), name, count > 0 ? 'bad' : isInvalid ? 'plain' : 'good')
  const harm = (count: number, name: string) => (count > 0 ? [tile(grouped(count), name, 'bad')] : [])
  const beside = (count: number, name: string) => (count > 0 ? [tile(grouped(count), name, 'plain')] : [])
  // Where each event had one attempt, its tile has told.
  const attempts = (count: number, events: number, name: string) => (count > events ? beside(count, name) : [])
  const checked = report.checks.find(({ id }) => id === 'accept-p99')
  const p99 = answerOf(latency)
  const isRefusedBad = report.checks.some(({ id, ok }) => id === 'refused' && ok === false)
  const refusals = isRefusedBad ? harm : beside
  const tone = isInvalid || checked?.ok === null ? 'plain' : checked?.ok === false ? 'bad' : 'good'
  return [
    tile(p99.value, `${p99.name}; ${ms(setup.acceptP99Ms)} allowed`, tone),
    ...(audit.unfollowed > 0 || !isFollowed(report)
      ? [...harm(audit.lost, 'accepted and lost'), ...harm(audit.duplicateEffects, 'took effect twice')]
      : [none(audit.lost, 'accepted and lost'), none(audit.duplicateEffects, 'took effect twice')]),
    ...(isFollowed(report) ? beside(audit.unfollowed, 'accepted, and not told of') : []),
    ...harm(audit.altered, 'not as they were signed'),
    ...(report.checks.some(({ id }) => id === 'out-of-order') ? harm(audit.reordered, 'out of order') : []),
    ...harm(audit.unexpected, 'effects never sent'),
    ...refusals(audit.refused, 'events refused'),
    ...refusals(audit.unknown, 'events without answer or effect'),
    ...harm(audit.unsent - audit.neverFound, 'events not sent'),
    ...harm(audit.neverFound, 'never sent, and not found'),
    ...attempts(notAccepted.refused, audit.refused, 'attempts refused'),
    ...attempts(notAccepted.unanswered, audit.unknown, 'attempts unanswered'),
    ...(report.target ? [] : beside(audit.duplicatesAbsorbed, 'repeats, without a second effect')),
    ...harm(audit.misjudged, 'dead letters not as planned'),
    ...beside(audit.buried - audit.misjudged, 'dead letters, as planned'),
    ...beside(audit.differingCopies, 'copies with another body'),
  ]
}

/** As the sentence has it: the p99 of the peak, or the slowest where there is none. */
function answerOf({ phases, accepted }: Report['latency']): { readonly value: string; readonly name: string } {
  const peak = phases.find((phase) => phase.peak)
  const { p99, maxMs } = peak?.acceptedFirst ?? accepted.first
  const where = peak ? ` at the peak (${peak.name})` : ''
  if (p99) return { value: ms(p99.ms), name: `99 of 100 answers${where}` }
  return { value: maxMs === undefined ? 'none' : ms(maxMs), name: `slowest answer${where}` }
}

function tile(value: string, name: string, tone: Tone): Markup {
  return markup`<div class="tile ${tone}"><b class="whole"><span aria-hidden="true">${SYMBOLS[tone]}</span> ${value}</b><span>${whole(name)}</span></div>`
}

/** When, where, how long, what, from which seed and commit. */
function aboutWords({ startedAt, environment, tookMs, settings, cards }: Report): string {
  const commit = cards.machine?.kit.commit
  return [
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    environmentWords(environment),
    `${seconds(tookMs.sending)} of sending`,
    `seed ${settings.seed}`,
    commit ? `commit ${commit.slice(0, 12)}` : 'no commit',
    ...(settings.tag ? [`tag ${settings.tag}`] : []),
  ].join(' · ')
}
