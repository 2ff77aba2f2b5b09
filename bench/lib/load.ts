import { messageOf } from '../../src/core/contracts/errors.ts'
import { closedLoop } from '../../src/runner/load/sender/closed-loop.ts'
import { autocannonLoop } from './autocannon.ts'
import type { FromLoad, LoadSetup } from './protocol.ts'
import { signedRequests } from './requests.ts'

/** The load of a closed-loop benchmark, in a separate process. Its task comes as its argument. */

const setup: LoadSetup = JSON.parse(process.argv[2]!)
process.on('disconnect', () => process.exit(1))

async function run(): Promise<void> {
  const { port, connections, runId, warmUpMs, measureMs, ratePerSMax } = setup
  const requests = signedRequests(runId, Math.ceil(((warmUpMs + measureMs) / 1_000) * ratePerSMax))
  const loop = { destination: { host: '127.0.0.1', port }, connections, warmUpMs, measureMs }
  const { accepted, failed, beganAtMs, endedAtMs, cpuSeconds, ranOut, serviceP99Ms } =
    setup.tool === 'own'
      ? await closedLoop({ ...loop, next: requests.next })
      : await autocannonLoop({ ...loop, requests })
  const window = { beganAtMs, endedAtMs, cpuSeconds, ranOut }
  say({ kind: 'done', result: { accepted, failed, ...window, p99Ms: serviceP99Ms ?? 0 } })
}

run().catch((error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }))

function say(message: FromLoad): void {
  if (process.connected) process.send?.(message)
}
