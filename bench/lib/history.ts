import { preciseNow } from '../../src/runner/processes/precise-now.ts'
import type { Usage } from './protocol.ts'

const EVERY_MS = 50
const KEPT_MAX = 20_000

/**
 * Reads a server's counts from time to time, and draws a line between two readings to tell the counts at any moment. A busy
 * process answers late, and counts read late would be divided by the wrong time.
 */
export function keepHistory(counts: () => Promise<Partial<Usage>>): (atMs: number) => Promise<Usage> {
  const kept: Usage[] = []
  const look = async () => {
    const { user, system } = process.cpuUsage()
    const none = { settled: null, backlog: null, syncs: null }
    kept.push({ ...none, atMs: preciseNow(), cpuSeconds: (user + system) / 1e6, ...(await counts()) })
    if (kept.length > KEPT_MAX) kept.shift()
  }
  setInterval(look, EVERY_MS).unref()
  return async (atMs) => {
    if (!(kept.at(-1)!.atMs > atMs)) await look()
    const next = kept.findIndex((usage) => usage.atMs > atMs)
    return between(kept[Math.max(0, next - 1)]!, kept[next]!, atMs)
  }
}

function between(before: Usage, after: Usage, atMs: number): Usage {
  const share = after === before ? 0 : (atMs - before.atMs) / (after.atMs - before.atMs)
  const at = (of: (usage: Usage) => number | null) =>
    of(before) === null ? null : of(before)! + share * (of(after)! - of(before)!)
  return {
    atMs,
    cpuSeconds: at((usage) => usage.cpuSeconds)!,
    settled: at((usage) => usage.settled),
    backlog: at((usage) => usage.backlog),
    syncs: at((usage) => usage.syncs),
  }
}
