import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/core/contracts/errors.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'
import { openLoop } from '../../src/runner/load/sender/open-loop.ts'
import { warmUpIdOf } from '../../src/runner/plan/identity.ts'
import { preciseNow } from '../../src/runner/processes/precise-now.ts'
import { latencyHistogram, percentileMs, record } from '../../src/runner/records/histogram.ts'
import { openJournal, readJournal } from '../../src/runner/records/journal.ts'
import { moduleOf } from '../../src/runner/scenario/registry.ts'
import type { FromSending, SendingResult, SendingSetup } from './protocol.ts'

/** The whole sender under measurement, in a separate process: plan, signing, three clocks, journal. */

const setup: SendingSetup = JSON.parse(process.argv[2]!)
process.on('disconnect', () => process.exit(1))
const HEAD_START_MS = 200
const KEYS = { count: 20_000, zipf: 0.9 }

async function run(): Promise<SendingResult> {
  const folder = mkdtempSync(join(setup.folder, 'sending-'))
  const routes = await Promise.all(
    setup.mix.map(async ({ provider: name }) => {
      const provider: Provider = (await import(moduleOf('provider', name))).default
      return {
        path: `/webhooks/${name}`,
        provider,
        secret: provider.secret(setup.secret ?? randomBytes(24).toString('hex')),
      }
    }),
  )
  const { runId = 'bench0' } = setup
  const send = async (name: string, runId: string, durationMs: number): Promise<SendingResult> => {
    const path = join(folder, name)
    const journal = openJournal(path)
    const before = process.cpuUsage()
    const certificate = await openLoop({
      load: { scenario: { mix: setup.mix, keys: KEYS, shape: () => 1 }, durationMs, ratePerS: setup.ratePerS, seed: 1 },
      runId,
      retries: undefined,
      balancer: undefined,
      senders: { index: 0, count: 1 },
      destinations: [{ host: '127.0.0.1', port: setup.port }],
      routes,
      connectionsMax: 10_000,
      journal,
      latenessMaxMs: Number.POSITIVE_INFINITY,
      startAtMs: preciseNow() + HEAD_START_MS,
      signal: new AbortController().signal,
      onProgress: () => {},
    })
    journal.close()
    const { user, system } = process.cpuUsage(before)
    const { sent, unsent, endedAtMs, connectionsOpenedMax, eventLoopUtilization } = certificate
    const { latenessP50Ms, latenessP99Ms, latenessMaxMs } = certificate
    const cost = { cpuSeconds: (user + system) / 1e6, eventLoopUtilization, connections: connectionsOpenedMax }
    const lateness = { latenessP50Ms, latenessP99Ms, latenessMaxMs }
    return { sent, unsent, sendingMs: endedAtMs, ...cost, ...lateness, ...accepts(path) }
  }
  await send('warm-up.bin', warmUpIdOf(runId), setup.durationMs / 3)
  return send('measured.bin', runId, setup.durationMs)
}

/** Times since each request was due, not since it was sent, so that waiting shows. */
function accepts(path: string): Pick<SendingResult, 'accepted' | 'acceptP50Ms' | 'acceptP99Ms'> {
  const times = latencyHistogram()
  for (const { outcome, doneMs, intendedMs } of readJournal(path)) {
    if (outcome === 'accepted') record(times, doneMs - intendedMs)
  }
  const at = (percentile: number) => percentileMs(times, percentile) ?? null
  return { accepted: times.totalCount, acceptP50Ms: at(50), acceptP99Ms: at(99) }
}

run().then(
  (result) => say({ kind: 'done', result }),
  (error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }),
)

function say(message: FromSending): void {
  if (process.connected) process.send?.(message)
}
