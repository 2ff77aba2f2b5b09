import { setTimeout as pause } from 'node:timers/promises'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import { preciseNow } from '../../src/runner/processes/precise-now.ts'
import type { LoadResult, Usage } from '../lib/protocol.ts'
import { PATH, SECRET, signedRequests } from '../lib/requests.ts'
import { load, newRunId, type Server, sending, usageAt, WARM_UP_MS, withServer } from '../lib/rounds.ts'

/** The results of one queue's whole stack in one turn. null: not known. */
export interface Turn {
  /** Times since each request was due, at PACED_PER_S; null when none was accepted. */
  readonly acceptP50Ms: number | null
  readonly acceptP99Ms: number | null
  readonly acceptedPerS: number
  /** From the first request of the closed loop to the last effect; null when the last effect did not come in time. */
  readonly effectsPerS: number | null
  readonly stackCpuMsPer1000: number | null
  readonly serverCpuMsPer1000: number | null
  readonly absorbed: Absorbed
  /** In the closed loop: answers other than 2xx, and whether the signed requests ran out. */
  readonly failed: number
  readonly ranOut: boolean
}

/** Of DUPLICATES events sent a second time: those without a second effect, by the part that noticed. */
export interface Absorbed {
  readonly byQueue: number
  readonly byLedger: number
}

export interface Subject {
  readonly name: string
  readonly driver: QueueDriver
  /** The address of the queue's server; absent when the queue lives in the stack's own folder. */
  readonly url?: string
  readonly pid?: number
}

export const PACED_PER_S = 500
export const DUPLICATES = 200
const RATE_PER_S_MAX = 50_000
const MIX = [{ provider: 'generic', share: 1 }]
const DRAIN_MS_MAX = 60_000
const POLL_MS = 100
/** So many looks in a row must find nothing left and nothing new. */
const STILL_LOOKS = 3
const SENT_AT_ONCE = 8
/** Far from the numbers of the closed loop. */
const DUPLICATES_FROM = 8_000_000

export async function turn({ name, driver, url, pid }: Subject, measureMs: number): Promise<Turn> {
  const runId = newRunId()
  const server = { ...(url !== undefined && { queueUrl: url }), ...(pid !== undefined && { serverPid: pid }) }
  const parts = { receiver: 'raw-http', queue: name, ledger: 'lmdb' }
  const result = await withServer(
    (folder) => ({ kind: 'stack', ...parts, ...server, folder, runId }),
    async (stack, port, folder) => {
      const plan = { mix: MIX, ratePerS: PACED_PER_S, durationMs: measureMs }
      const { acceptP50Ms, acceptP99Ms } = await sending({ port, folder, runId, secret: SECRET, ...plan })
      await drained(stack)
      const loaded = await load({ port, runId, measureMs, ratePerSMax: RATE_PER_S_MAX })
      const before = await usageAt(stack, loaded.beganAtMs - WARM_UP_MS)
      const after = await drained(stack)
      const { failed, ranOut } = loaded
      const costs = costsOf(loaded, before, after)
      return { acceptP50Ms, acceptP99Ms, ...costs, absorbed: await sendTwice(stack, port, runId), failed, ranOut }
    },
  )
  if (url !== undefined) await driver.drop({ url, namespace: runId })
  return result
}

function costsOf({ accepted, beganAtMs, endedAtMs }: LoadResult, before: Usage, after: Usage | undefined) {
  const acceptedPerS = (accepted * 1_000) / (endedAtMs - beganAtMs)
  if (!after) return { acceptedPerS, effectsPerS: null, stackCpuMsPer1000: null, serverCpuMsPer1000: null }
  const effects = after.settled! - before.settled!
  const per1000 = (of: (usage: Usage) => number | null) =>
    of(after) === null || of(before) === null ? null : ((of(after)! - of(before)!) * 1e6) / effects
  return {
    acceptedPerS,
    effectsPerS: (effects * 1_000) / (after.atMs - before.atMs),
    stackCpuMsPer1000: per1000((usage) => usage.cpuSeconds),
    serverCpuMsPer1000: per1000((usage) => usage.serverCpuSeconds),
  }
}

/** The counts when the last event was settled; undefined when it was not settled in time. */
async function drained(stack: Server): Promise<Usage | undefined> {
  const endMs = performance.now() + DRAIN_MS_MAX
  let still: Usage[] = []
  while (performance.now() < endMs) {
    const usage = await usageAt(stack, preciseNow())
    const [first] = still
    const same = !first || (first.settled === usage.settled && first.duplicates === usage.duplicates)
    still = usage.backlog !== 0 ? [] : same ? [...still, usage] : [usage]
    if (still.length === STILL_LOOKS) return still[0]
    await pause(POLL_MS)
  }
  return undefined
}

async function sendTwice(stack: Server, port: number, runId: string): Promise<Absorbed> {
  const before = await usageAt(stack, preciseNow())
  await sendAll(port, runId)
  await sendAll(port, runId)
  const after = await drained(stack)
  if (!after) throw new Error('events sent twice were not settled in time')
  const absorbed = 2 * DUPLICATES - (after.settled! - before.settled!)
  const byLedger = after.duplicates! - before.duplicates!
  return { byLedger, byQueue: absorbed - byLedger }
}

async function sendAll(port: number, runId: string): Promise<void> {
  const { parts } = signedRequests(runId, 0)
  for (let n = 0; n < DUPLICATES; n += SENT_AT_ONCE) {
    const sent = Array.from({ length: SENT_AT_ONCE }, async (_, more) => {
      const { headers, body } = parts(DUPLICATES_FROM + n + more)
      const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
      })
      if (!answer.ok) throw new Error(`one of the events sent twice was answered with ${answer.status}`)
    })
    await Promise.all(sent)
  }
}
