import { mostOf } from '../../core/base/kit/extremes.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { CommonReport } from './common-schema.ts'
import { slope } from './stats.ts'

/** How well the senders kept the plan, over all of them: sums, and the worst of each. */
export function certify({ certificates }: RunRecord, planned: number, endedAtMs: number): CommonReport['generator'] {
  const sum = (of: (one: (typeof certificates)[number]) => number) =>
    certificates.reduce((total, one) => total + of(one), 0)
  const worst = (of: (one: (typeof certificates)[number]) => number) => Math.max(...certificates.map(of))
  const sent = sum((one) => one.sent)
  return {
    offeredPerS: (sent * 1_000) / Math.max(1, endedAtMs),
    // A sender that has every connection waiting for an answer keeps its plan; the stack does not let it.
    achievedRatio: planned === 0 ? 0 : Math.min(1, sum((one) => one.sent + one.waiting.events) / planned),
    latenessP50Ms: worst((one) => one.latenessP50Ms),
    latenessP99Ms: worst((one) => one.latenessP99Ms),
    latenessMaxMs: worst((one) => one.latenessMaxMs),
    eventLoopUtilization: worst((one) => one.eventLoopUtilization),
    cpuSeconds: sum((one) => one.cpuSeconds),
    connectionsOpenedMax: sum((one) => one.connectionsOpenedMax),
    unsentRetries: sum((one) => one.unsentRetries),
    waiting: { events: sum((one) => one.waiting.events), retries: sum((one) => one.waiting.retries) },
    gaveUp: certificates.some((one) => one.gaveUp),
  }
}

/** What each process took. */
export function processes(record: RunRecord): CommonReport['processes'] {
  const stack = record.samples.stack.map(({ name, samples }) => ({
    name,
    samples,
  }))
  const senders = record.samples.senders.map((samples, index) => ({ name: `sender ${index + 1}`, samples }))
  return [...stack, ...senders].map(({ name, samples }) => {
    // The first third is growth to working size: heaps, buffers, the log's first segments.
    const settled = samples
      .slice(Math.floor(samples.length / 3))
      .map(({ atMs, rssBytes }) => ({ x: atMs / 60_000, y: rssBytes }))
    const trend = slope(settled)
    return {
      name,
      cpuSeconds: (samples.at(-1)?.cpuSeconds ?? 0) - (samples[0]?.cpuSeconds ?? 0),
      rssMaxBytes: mostOf(
        samples.map(({ rssBytes }) => rssBytes),
        0,
      ),
      rssSlopeBytesPerMin: trend?.slope ?? null,
      rssSlopeErrorBytesPerMin: trend?.error ?? null,
      samples: samples.slice(1).map(({ atMs, cpuSeconds, rssBytes }, at) => {
        const before = samples[at]!
        return {
          atMs,
          rssBytes,
          cpuShare: Math.max(0, (1_000 * (cpuSeconds - before.cpuSeconds)) / Math.max(1, atMs - before.atMs)),
        }
      }),
    }
  })
}
