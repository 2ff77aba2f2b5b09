import { grouped, ms, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { bandsOf } from '../marks.ts'
import { type Markup, markup } from '../markup.ts'
import { faultKeys } from '../words/although.ts'
import { isFollowed } from '../words/run.ts'

/** Units of a plot's own: the page stretches it to any width, so words stand beside it as text and not in it. */
const WIDTH = 1_000
const HEIGHT = 300
const LOG_ROOM = 1.3
const TICKS_MAX = 4

/** What was offered and done, and the p99 below it with its mark, on one time axis; faults as bands. It needs no script. */
export function overview(report: Report): Markup {
  const { timeline, setup, faults, scenario } = report
  const { points, stepMs } = timeline
  const endMs = Math.max(1, points.length * stepMs)
  const x = (atMs: number) => rounded((Math.min(endMs, Math.max(0, atMs)) / endMs) * WIDTH)
  const most = nice(
    Math.max(1, ...points.map(({ offered, accepted, effects }) => Math.max(offered, accepted, effects))),
  )
  const doneOf = ({ accepted, effects }: (typeof points)[number]) => (isFollowed(report) ? effects : accepted)
  const rate = (value: number) => rounded(HEIGHT - (Math.min(value, most) / most) * HEIGHT)
  const waits = points
    .map(({ p99Ms, maxMs }) => p99Ms ?? maxMs)
    .filter((value) => value !== null && value > 0) as number[]
  const low = Math.min(1, ...waits)
  const high = LOG_ROOM * Math.max(setup.acceptP99Ms, ...waits)
  const wait = (value: number) =>
    rounded(HEIGHT - (Math.log(Math.max(low, value) / low) / Math.log(high / low)) * HEIGHT)
  const bands = bandsOf(faults).map(
    ({ fromMs, untilMs }) =>
      markup`<rect x="${x(fromMs)}" width="${Math.max(3, x(untilMs) - x(fromMs))}" y="0" height="${HEIGHT}" class="band"/>`,
  )
  const phases = scenario.phases
    .slice(1)
    .map(({ fromMs }) => markup`<line x1="${x(fromMs)}" x2="${x(fromMs)}" y1="0" y2="${HEIGHT}" class="phase"/>`)
  const steps = (of: (point: (typeof points)[number]) => number) =>
    points.map((point) => `H${x(point.atMs)}V${rate(of(point))}H${x(point.atMs + stepMs)}`).join('')
  const rateTicks = [0, most / 2, most].map((value) => ({ at: rate(value) / HEIGHT, text: grouped(value) }))
  const waitTicks = decades(low, high).map((value) => ({ at: wait(value) / HEIGHT, text: shortMs(value) }))
  return markup`<figure class="overview">
${plot('Events a second', rateTicks, markup`${bands}${phases}<path class="offered" d="M0 ${HEIGHT}${steps(({ offered }) => offered)}V${HEIGHT}z"/><path class="done" d="M0 ${HEIGHT}${steps(doneOf)}"/>`, altOfRates(report))}
${plot(
  'Response p99, ms',
  waitTicks,
  markup`${bands}${phases}<line x1="0" x2="${WIDTH}" y1="${wait(setup.acceptP99Ms)}" y2="${wait(setup.acceptP99Ms)}" class="limit"/>${dotsOf(points, stepMs, x, wait)}`,
  altOfWaits(report),
)}
<div class="times">${phaseNames(report, endMs)}</div>
<figcaption>${key('offered', 'offered')} ${key('done', isFollowed(report) ? 'done' : 'accepted')} ${key('limit', `allowed: ${ms(setup.acceptP99Ms)}`)} ${key('dot', 'p99: 99 of 100 took no longer')} ${key('hollow', 'slowest, where too few for a p99')} ${
    faults.length > 0 &&
    key(
      'band',
      faultKeys(report)
        .join('; ')
        .replaceAll(/(?<=\d) (?=s\b)/g, '\u00a0'),
    )
  }</figcaption></figure>`
}

export const key = (kind: string, text: string) => markup`<span class="keyed"><i class="key ${kind}"></i>${text}</span>`

interface Tick {
  readonly at: number
  readonly text: string
}

function plot(title: string, ticks: readonly Tick[], inside: Markup, alt: string): Markup {
  const lines = ticks.map(
    ({ at }) => markup`<line x1="0" x2="${WIDTH}" y1="${at * HEIGHT}" y2="${at * HEIGHT}" class="grid"/>`,
  )
  const labels = ticks.map(({ at, text }) => markup`<span style="top:${rounded(at * 100)}%">${text}</span>`)
  return markup`<p class="axis">${title}</p><div class="plot"><div class="ticks" aria-hidden="true">${labels}</div><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${alt}">${lines}${inside}</svg></div>`
}

/** A p99 as a short line over its time; where too few samples hold one, the slowest, fainter. */
function dotsOf(
  points: Report['timeline']['points'],
  stepMs: number,
  x: (atMs: number) => number,
  y: (value: number) => number,
): Markup[] {
  return points.flatMap(({ atMs, p99Ms, maxMs }) => {
    const value = p99Ms ?? maxMs
    if (value === null) return []
    const kind = p99Ms === null ? 'slowest' : 'p99'
    return [markup`<line x1="${x(atMs)}" x2="${x(atMs + stepMs)}" y1="${y(value)}" y2="${y(value)}" class="${kind}"/>`]
  })
}

/** Under the plots; a name that has no room is left out, and stands whole in its title. */
function phaseNames({ scenario }: Report, endMs: number): Markup[] {
  return scenario.phases.map(({ name, fromMs, untilMs }) => {
    const width = rounded(((untilMs - fromMs) / endMs) * 100)
    const text = `${name}, ${seconds(fromMs)} … ${seconds(untilMs)}`
    return markup`<span style="width:${width}%" title="${text}"><i class="name">${name} <small>${Math.round(fromMs / 1_000)}\u00a0s</small></i></span>`
  })
}

function altOfRates(report: Report): string {
  const { setup, audit, tookMs, faults } = report
  const struck = faults.length === 0 ? '' : ` Meanwhile: ${faultKeys(report).join('; ')}.`
  return `${grouped(audit.planned)} events offered over ${seconds(tookMs.sending)}, up to ${grouped(setup.peakPerS)} a second.${isFollowed(report) ? ` ${grouped(audit.applied)} took effect.` : ''}${struck}`
}

function altOfWaits({ latency, setup }: Report): string {
  const phases = latency.phases.map(({ name, acceptedFirst: { p99, maxMs } }) => {
    const value = p99 ? `p99 ${ms(p99.ms)}` : maxMs === undefined ? 'nothing accepted' : `slowest ${ms(maxMs)}`
    return `${name} ${value}`
  })
  return `Response times: ${phases.join('; ')}. Allowed: ${ms(setup.acceptP99Ms)}.`
}

const rounded = (value: number) => Math.round(value * 10) / 10

/** Not below the value, and whole as its half is. */
function nice(value: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)))
  const steps = power === 1 ? [2, 4, 6, 8, 10] : [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]
  return Math.round(power * steps.find((times) => times * power >= value)!)
}

function decades(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low))
  const last = Math.floor(Math.log10(high))
  const all = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at))
  const every = Math.ceil(all.length / TICKS_MAX)
  return all.filter((_, at) => at % every === 0)
}

const shortMs = (value: number) => (value < 1 ? String(value) : grouped(value))
