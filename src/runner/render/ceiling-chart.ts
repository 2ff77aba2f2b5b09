import { ms, perS } from '../../core/base/words.ts'
import type { Ceiling, TrialRecord } from '../search/ceiling-schema.ts'
import { type Markup, markup } from './markup.ts'
import { judgedP99Ms, outcomeWords } from './words/ceiling.ts'

const WIDTH = 560
const HEIGHT = 360
const LEFT = 110
const BOTTOM = 44
const RIGHT = 14
const TOP = 12
const FLOOR = HEIGHT - BOTTOM
/** The likeliest ceiling's curve is so high. */
const CURVE = 120
const TICKS = [1, 2, 5]
/** Numbers that are nearer than this cannot be read, on a telephone too, where they are larger in it. */
const TICK_APART = 100

/**
 * Rate against response time, both logarithmic; and how likely each rate is the ceiling. A trial whose p99
 * has no interval is hollow. Trials with an intervention are of another stack and left out. Nothing in it is a script.
 */
export function ceilingChart(ceiling: Ceiling): Markup {
  const dots = ceiling.trials.filter((trial) => {
    const { outcome, purpose, intervention } = trial
    return outcome !== 'invalid' && purpose !== 'share' && !intervention && judgedP99Ms(trial) !== undefined
  })
  if (dots.length === 0) return markup``
  const { interval, soakedPerS } = ceiling.found
  const likely = ceiling.posterior.map(({ ratePerS }) => ratePerS)
  const x = scale([...dots.map(({ ratePerS }) => ratePerS), ...likely], [LEFT, WIDTH - RIGHT])
  const y = scale([...dots.map((trial) => judgedP99Ms(trial)!), ceiling.acceptP99Ms], [FLOOR, TOP])
  const markY = y.at(ceiling.acceptP99Ms)
  return markup`<figure class="ceiling"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Response time of each trial by its load, and how likely each load is the ceiling">
${curve(ceiling.posterior, x.at)}
${interval && markup`<line x1="${x.at(interval.mid)}" x2="${x.at(interval.mid)}" y1="${TOP}" y2="${FLOOR}" stroke="var(--b)" stroke-dasharray="2 3"/>`}
${y.ticks.map((tick) => markup`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="var(--line)"/><text x="${LEFT - 6}" y="${y.at(tick) + 4}" text-anchor="end">${ms(tick)}</text>`)}
${apart(x.ticks, x.at).map((tick) => markup`<text x="${x.at(tick)}" y="${FLOOR + 20}" text-anchor="middle">${perS(tick)}</text>`)}
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${markY}" y2="${markY}" stroke="var(--e)" stroke-dasharray="6 4"/>
<text x="${LEFT + 4}" y="${markY - 5}" class="mark">allowed: ${ms(ceiling.acceptP99Ms)}</text>
${dots.map((trial) => dot(trial, x.at, y.at))}
${soakedPerS !== null && markup`<path d="M${x.at(soakedPerS)} ${FLOOR - 10}l8 10h-16z" fill="var(--a)"><title>${perS(soakedPerS)}, soaked</title></path>`}
</svg><figcaption>Across: events offered in a second. Up: response time. Each dot is a trial: its load, and the p99 of its answers (hollow: as it came out, from too few episodes for an interval). <b class="swatch" style="background:var(--c)"></b> holds <b class="swatch" style="background:var(--b)"></b> too much <b class="swatch" style="background:var(--f)"></b> undecided <b class="swatch" style="background:var(--soft)"></b> saturated. The filled curve says how likely each load is the ceiling, the dotted line is its middle, and the triangle is the load that was soaked.</figcaption></figure>`
}

function curve(posterior: Ceiling['posterior'], x: (value: number) => number): Markup | false {
  const [first, last] = [posterior[0], posterior.at(-1)]
  if (!first || !last || first === last) return false
  const points = posterior.map(
    ({ ratePerS, weight }) => `${x(ratePerS)},${Math.round((FLOOR - CURVE * weight) * 10) / 10}`,
  )
  const path = `${x(first.ratePerS)},${FLOOR} ${points.join(' ')} ${x(last.ratePerS)},${FLOOR}`
  return markup`<polygon points="${path}" fill="var(--fault)" stroke="var(--b)"/>`
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
  return markup`<circle cx="${x(ratePerS)}" cy="${y(judgedP99Ms(trial)!)}" r="${purpose === 'soak' ? 8 : 5}" fill="${fill}" stroke="${colour}" stroke-width="2"><title>${perS(ratePerS)}: ${outcomeWords(trial)}</title></circle>`
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

/** Without those that would stand on another. */
function apart(ticks: readonly number[], x: (value: number) => number): number[] {
  const kept: number[] = []
  for (const tick of ticks) {
    const last = kept.at(-1)
    if (last === undefined || x(tick) - x(last) >= TICK_APART) kept.push(tick)
  }
  return kept
}
