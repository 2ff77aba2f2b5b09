import { messageOf } from '../../src/core/errors.ts'
import { closedLoop } from '../../src/runner/sender/closed-loop.ts'
import type { FromLoad, LoadSetup } from './protocol.ts'
import { signedRequests } from './requests.ts'

/** The load of a closed-loop benchmark, in a process of its own; what to do comes as its argument. */

const { port, connections, runId, warmUpMs, measureMs, ratePerSMax }: LoadSetup = JSON.parse(process.argv[2]!)
process.on('disconnect', () => process.exit(1))

async function run(): Promise<void> {
  const requests = signedRequests(runId, Math.ceil(((warmUpMs + measureMs) / 1_000) * ratePerSMax))
  let before = process.cpuUsage()
  const result = await closedLoop({
    target: { host: '127.0.0.1', port },
    connections,
    next: requests.next,
    warmUpMs,
    measureMs,
    onWindow(edge) {
      before = edge === 'begins' ? process.cpuUsage() : process.cpuUsage(before)
      say({ kind: 'window', edge })
    },
  })
  const { accepted, failed, elapsedMs, ranOut, serviceP99Ms = 0 } = result
  const cpuSeconds = (before.user + before.system) / 1e6
  say({ kind: 'done', result: { accepted, failed, elapsedMs, ranOut, p99Ms: serviceP99Ms, cpuSeconds } })
}

run().catch((error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }))

function say(message: FromLoad): void {
  if (process.connected) process.send?.(message)
}
