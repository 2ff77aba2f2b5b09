import autocannon from 'autocannon'
import type { ClosedLoopOptions, ClosedLoopResult } from '../../src/runner/load/sender/closed-loop.ts'
import { preciseNow } from '../../src/runner/processes/precise-now.ts'
import { PATH, type SignedRequests } from './requests.ts'

/** Each connection has so many requests, which then come round again. The server does not look for repetitions. */
const REQUESTS_EACH = 200

/** The same closed loop by another client. If ours were slow or counted wrongly, the two would differ. */
export async function autocannonLoop(
  options: Omit<ClosedLoopOptions, 'next'> & { readonly requests: SignedRequests },
): Promise<ClosedLoopResult> {
  const { destination, connections, warmUpMs, measureMs, requests } = options
  let used = 0
  const cannon = {
    url: `http://${destination.host}:${destination.port}`,
    connections,
    setupClient: (client: { setRequests(requests: unknown[]): void }) => {
      const own = Array.from({ length: REQUESTS_EACH }, () => requests.parts(used++ % requests.count))
      client.setRequests(own.map((parts) => ({ method: 'POST', path: PATH, ...parts })))
    },
  }
  await autocannon({ ...cannon, duration: warmUpMs / 1_000 })
  const beganAtMs = preciseNow()
  const cpuBegan = process.cpuUsage()
  const result = await autocannon({ ...cannon, duration: measureMs / 1_000 })
  const { user, system } = process.cpuUsage(cpuBegan)
  return {
    accepted: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    beganAtMs,
    endedAtMs: beganAtMs + result.duration * 1_000,
    cpuSeconds: (user + system) / 1e6,
    serviceP50Ms: result.latency.p50,
    serviceP99Ms: result.latency.p99,
    serviceMaxMs: result.latency.max,
    ranOut: false,
  }
}
