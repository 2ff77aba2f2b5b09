import { ms, perS } from '../../core/base/words.ts'
import type { Ceiling, TrialRecord } from '../search/ceiling-schema.ts'
import { type Markup, markup } from './markup.ts'
import { outcomeWords } from './words/ceiling.ts'

const WIDTH = 560
const HEIGHT = 320
const LEFT = 78
const BOTTOM = 44
const RIGHT = 14
const TOP = 16
const TICKS = [1, 2, 5]

/** Rate against response time, both logarithmic. A trial without a p99 stands at its slowest, hollow. Nothing in it is a script. */
export function ceilingChart(ceiling: Ceiling): Markup {
  const dots = ceiling.trials.filter(({ outcome, response }) => outcome !== 'invalid' && timeOf(response) !== undefined)
  if (dots.length === 0) return markup``
  const { interval, soakedPerS } = ceiling.found
  const x = scale(
    [...dots.map(({ ratePerS }) => ratePerS), ...(interval ? [interval.low, interval.high] : [])],
    [LEFT, WIDTH - RIGHT],
  )
  const y = scale([...dots.map(({ response }) => timeOf(response)!), ceiling.acceptP99Ms], [HEIGHT - BOTTOM, TOP])
  const markY = y.at(ceiling.acceptP99Ms)
  return markup`<figure class="ceiling"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Response time of each trial by its load">
${
  interval &&
  markup`<rect x="${x.at(interval.low)}" y="${TOP}" width="${x.at(interval.high) - x.at(interval.low)}" height="${HEIGHT - BOTTOM - TOP}" fill="var(--fault)"/>
<line x1="${x.at(interval.mid)}" x2="${x.at(interval.mid)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="var(--b)"/>`
}
${y.ticks.map((tick) => markup`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="var(--line)"/><text x="${LEFT - 6}" y="${y.at(tick) + 4}" text-anchor="end">${ms(tick)}</text>`)}
${x.ticks.map((tick) => markup`<text x="${x.at(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${perS(tick)}</text>`)}
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${markY}" y2="${markY}" stroke="var(--e)" stroke-dasharray="6 4"/>
<text x="${LEFT + 4}" y="${markY - 5}" class="mark">allowed: ${ms(ceiling.acceptP99Ms)}</text>
${dots.map((trial) => dot(trial, x.at, y.at))}
${soakedPerS !== null && markup`<path d="M${x.at(soakedPerS)} ${HEIGHT - BOTTOM - 9}l7 9h-14z" fill="var(--c)"/>`}
</svg><figcaption>Across: events offered in a second. Up: response time. Each dot is a trial: its load, and the p99 of its answers (hollow: the slowest, where too few episodes hold a p99). The band holds the ceiling with 90%; the triangle is the load that was soaked.</figcaption></figure>`
}

const COLOURS: Readonly<Record<TrialRecord['outcome'], string>> = {
  passed: 'var(--c)',
  failed: 'var(--b)',
  undecided: 'var(--f)',
  invalid: 'var(--soft)',
}

function dot(trial: TrialRecord, x: (value: number) => number, y: (value: number) => number): Markup {
  const { purpose, ratePerS, outcome, response } = trial
  const colour = purpose === 'saturation' ? 'var(--soft)' : COLOURS[outcome]
  const fill = response.p99 ? colour : 'none'
  return markup`<circle cx="${x(ratePerS)}" cy="${y(timeOf(response)!)}" r="${purpose === 'soak' ? 7 : 5}" fill="${fill}" stroke="${colour}" stroke-width="2"><title>${perS(ratePerS)}: ${outcomeWords(trial)}</title></circle>`
}

function timeOf({ p99, maxMs }: TrialRecord['response']): number | undefined {
  return p99?.ms ?? maxMs
}

interface Scale {
  at(value: number): number
  readonly ticks: readonly number[]
}

/** Logarithmic, with a little room on both sides. */
function scale(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const low = Math.log(Math.max(0.01, Math.min(...values)) * 0.85)
  const high = Math.log(Math.max(0.02, ...values) * 1.15)
  const at = (value: number) => Math.round((from + ((Math.log(value) - low) / (high - low)) * (to - from)) * 10) / 10
  const ticks: number[] = []
  for (let power = Math.floor(low / Math.LN10); power <= high / Math.LN10; power++) {
    for (const one of TICKS) ticks.push(one * 10 ** power)
  }
  return { at, ticks: ticks.filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high) }
}
