import { ms } from '../../../core/base/words.ts'
import type { Distribution } from '../../report/cards/distribution.ts'
import { type Markup, markup } from '../markup.ts'
import { key } from './overview.ts'

const WIDTH = 1_000
const HEIGHT = 300
const SHOWN = [0.5, 0.9, 0.99, 0.999, 0.9999]

/** The percentile curve: how many waited how long, the slower the further to the right. Needs no script. */
export function percentileCurve({ points, maxMs, count }: Distribution, markMs: number): Markup {
  const known = points.filter(({ share }) => share < 1)
  const furthest = Math.max(1, ...known.map(({ share }) => nines(share)))
  const least = Math.log(Math.max(0.01, Math.min(...points.map((point) => point.ms))))
  const most = Math.log(Math.max(maxMs, markMs) * 1.2)
  const x = (share: number) => rounded((nines(share) / furthest) * WIDTH)
  const y = (value: number) => rounded(HEIGHT - ((Math.log(Math.max(0.01, value)) - least) / (most - least)) * HEIGHT)
  const shares = SHOWN.filter((share) => nines(share) <= furthest)
  const ticks = [markMs, ...known.filter(({ share }) => shares.includes(share)).map((point) => point.ms)]
  const apart = ticks.filter((value, at) => ticks.slice(0, at).every((other) => Math.abs(y(other) - y(value)) > 24))
  const said = known
    .filter(({ share }) => shares.includes(share))
    .map((point) => `${nameOf(point.share)} ${ms(point.ms)}`)
  return markup`<figure class="overview"><p class="axis">Response time of accepted first attempts, by the share that took no longer</p>
<div class="plot"><div class="ticks" aria-hidden="true">${apart.map((value) => markup`<span style="top:${rounded((y(value) / HEIGHT) * 100)}%">${ms(value)}</span>`)}</div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Of ${count} response times: ${said.join(', ')}, slowest ${ms(maxMs)}. Allowed at p99: ${ms(markMs)}.">
${shares.map((share) => markup`<line x1="${x(share)}" x2="${x(share)}" y1="0" y2="${HEIGHT}" class="grid"/>`)}
<line x1="0" x2="${WIDTH}" y1="${y(markMs)}" y2="${y(markMs)}" class="limit"/>
<polyline points="${known.map((point) => `${x(point.share)},${y(point.ms)}`).join(' ')}" class="done"/></svg></div>
<div class="shares" aria-hidden="true">${shares.map((share) => markup`<span style="left:${rounded((x(share) / WIDTH) * 100)}%">${nameOf(share)}</span>`)}</div>
<figcaption>${key('done', 'response time')} ${key('limit', `allowed at p99: ${ms(markMs)}`)}</figcaption></figure>`
}

/** 0.9 is 1, 0.99 is 2. */
const nines = (share: number) => -Math.log10(Math.max(1e-9, 1 - share))
const nameOf = (share: number) => `p${Number((share * 100).toPrecision(6))}`
const rounded = (value: number) => Math.round(value * 10) / 10
