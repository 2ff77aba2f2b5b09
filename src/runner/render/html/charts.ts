import { bytes, ms, perS, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { bandsOf } from '../marks.ts'
import { type Markup, markup, trusted } from '../markup.ts'
import { isFollowed } from '../words/run.ts'
import { section, table } from './table.ts'

/** Places that page.js draws into, each with what its figures mean, and in words for who cannot see it. */
export function charts(report: Report): Markup[] {
  const isOurs = report.target === undefined
  const { points } = report.timeline
  const largest = (name: 'backlog' | 'ageMs') => Math.max(0, ...points.map((point) => point[name] ?? 0))
  const each = (of: (one: Report['processes'][number]) => string) => report.processes.map(of).join(', ')
  return [
    phaseTable(report),
    markup`<div class="charts">${[
      chart(
        'latency',
        'Latency of accepted attempts, ms',
        'Counted from the moment each attempt was due, not from when a socket was free: a stall shows in every event that it delayed. A gap: nothing that was due then was accepted. A dot is a step with too few samples for a p99: its slowest.',
        'Response times over time; the table by phase has their figures.',
      ),
      chart(
        'rates',
        'Rates, events/s',
        'Accepted counts each event once. Accepted below the first attempts: senders are kept waiting, and come again. Refused and unanswered count attempts, given up counts events whose last attempt failed; they are drawn where there were any.',
        'Rates over time; the table by phase has their figures.',
      ),
      ...(isOurs
        ? [
            chart('backlog', 'Backlog, events', undefined, `Events that waited: at most ${largest('backlog')}.`),
            chart(
              'age',
              'Age, s',
              'How long the oldest of what took effect had waited since it was accepted.',
              `The longest wait from accepted to effect: ${seconds(largest('ageMs'), 2)}.`,
            ),
          ]
        : []),
      chart(
        'cpu',
        'CPU, cores',
        undefined,
        `CPU time: ${each(({ name, cpuSeconds }) => `${name} ${seconds(cpuSeconds * 1_000)}`)}.`,
      ),
      chart(
        'memory',
        'Memory, MiB',
        'What each process holds for itself; mapped files are left out where the system tells them apart.',
        `Most memory: ${each(({ name, rssMaxBytes }) => `${name} ${bytes(rssMaxBytes)}`)}.`,
        memoryTable(report),
      ),
    ]}</div>`,
  ]
}

function chart(id: string, title: string, about: string | undefined, alt: string, below?: Markup): Markup {
  return section(
    title,
    about && markup`<p>${about}</p>`,
    markup`<div class="chart" id="${id}" role="img" aria-label="${title}. ${alt}"></div><noscript><p>The chart needs a script. ${alt}</p></noscript>`,
    below,
  )
}

/** What one reads off the charts, in figures. */
function phaseTable({ latency, timeline: { points, stepMs } }: Report): Markup {
  const rows = latency.phases.map(({ name, peak, fromMs, untilMs, acceptedFirst, eventToEffect }) => {
    const own = points.filter(({ atMs }) => atMs + stepMs / 2 >= fromMs && atMs + stepMs / 2 < untilMs)
    const mean = (of: (point: (typeof points)[number]) => number) =>
      own.length === 0 ? 0 : own.reduce((sum, point) => sum + of(point), 0) / own.length
    const wait = (of: { readonly ms: number } | undefined) => (of ? ms(of.ms) : 'too few')
    return [
      peak ? `${name} (the peak)` : name,
      `${seconds(fromMs)} … ${seconds(untilMs)}`,
      perS(mean(({ offered }) => offered)),
      perS(mean(({ accepted }) => accepted)),
      perS(mean(({ refused, unanswered }) => refused + unanswered)),
      wait(acceptedFirst.p50),
      wait(acceptedFirst.p99),
      acceptedFirst.maxMs === undefined ? 'none' : ms(acceptedFirst.maxMs),
      wait(eventToEffect.p99),
    ]
  })
  const head = [
    'phase',
    'from … until',
    'offered',
    'accepted',
    'refused or unanswered',
    'p50',
    'p99',
    'slowest',
    'p99 to effect',
  ]
  return section('By phase', table(head, rows))
}

function memoryTable({ processes }: Report): Markup {
  const rows = processes.map((one) => {
    const { rssSlopeBytesPerMin: slope, rssSlopeErrorBytesPerMin: error } = one
    const trend = slope === null || error === null ? 'too few samples' : `${bytes(slope)}/min ± ${bytes(1.96 * error)}`
    return [one.name, bytes(one.rssMaxBytes), trend, seconds(one.cpuSeconds * 1_000)]
  })
  return table(['process', 'most memory', 'trend after the first third', 'CPU time'], rows)
}

/** The data that page.js reads. JSON in a script element ends at the first '<' that looks like its end, so every '<' is escaped. */
export function chartData(report: Report): Markup {
  const { timeline, processes, scenario, faults, setup, cards } = report
  const data = {
    timeline,
    followed: isFollowed(report),
    processes,
    phases: scenario.phases,
    bands: bandsOf(faults),
    recoveredAtMs: recoveredAtMs(report),
    acceptP99Ms: setup.acceptP99Ms,
    attacks: (cards.attack?.kinds ?? []).map(({ kind, fromMs, untilMs, sent }) => ({ kind, fromMs, untilMs, sent })),
  }
  return trusted(JSON.stringify(data).replaceAll('<', '\\u003c'))
}

/** When goodput was back for good after the last fault, where retries made that a question; else null. */
function recoveredAtMs({ cards: { delivery } }: Report): number | null {
  if (!delivery?.diagnosis || delivery.recoveredMs === null) return null
  const { state, overMs } = delivery.diagnosis
  return state === 'recovered' ? overMs + delivery.recoveredMs : null
}
