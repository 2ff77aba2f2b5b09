import { bytes, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { bandsOf } from '../marks.ts'
import { type Markup, markup, trusted } from '../markup.ts'
import { isFollowed } from '../words/run.ts'
import { section, table } from './table.ts'

/** Places that page.js draws into, each with what its figures mean. */
export function charts(report: Report): Markup[] {
  const isOurs = report.target === undefined
  return [
    chart(
      'latency',
      'Latency of accepted attempts from the intended time, ms',
      'Counted from the moment each attempt was due, not from when a socket was free: a stall shows in every event that it delayed. A gap: nothing that was due then was accepted.',
    ),
    chart(
      'rates',
      'Rates, events/s',
      'Accepted counts each event once. Accepted below the first attempts: senders are kept waiting, and come again. Refused and unanswered count attempts, given up counts events whose last attempt failed; they are drawn where there were any.',
    ),
    ...(isOurs
      ? [
          chart('backlog', 'Backlog, events'),
          chart('age', 'Age, s', 'How long the oldest of what took effect had waited since it was accepted.'),
        ]
      : []),
    chart('cpu', 'CPU, cores'),
    chart(
      'memory',
      'Memory, MiB',
      'What each process holds for itself; mapped files are left out where the system tells them apart.',
      memoryTable(report),
    ),
  ]
}

function chart(id: string, title: string, about?: string, below?: Markup): Markup {
  return section(title, about && markup`<p>${about}</p>`, markup`<div class="chart" id="${id}"></div>`, below)
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
  const { timeline, processes, scenario, faults } = report
  const data = {
    timeline,
    followed: isFollowed(report),
    processes,
    phases: scenario.phases,
    bands: bandsOf(faults),
    recoveredAtMs: recoveredAtMs(report),
  }
  return trusted(JSON.stringify(data).replaceAll('<', '\\u003c'))
}

/** When goodput was back for good after the last fault, where retries made that a question; else null. */
function recoveredAtMs({ cards: { delivery } }: Report): number | null {
  if (!delivery?.diagnosis || delivery.recoveredMs === null) return null
  const { state, overMs } = delivery.diagnosis
  return state === 'recovered' ? overMs + delivery.recoveredMs : null
}
