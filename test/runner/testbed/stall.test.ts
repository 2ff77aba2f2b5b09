import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { closedLoop } from '../../../src/runner/load/sender/closed-loop.ts'
import { openLoop } from '../../../src/runner/load/sender/open-loop.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { openJournal, readJournal } from '../../../src/runner/records/journal.ts'
import { OK, testServer } from '../load/sender-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-stall-'))
afterAll(() => rmSync(folder, { recursive: true }))

const RUN_MS = 4_000
const STALL_FROM_MS = 1_500
const STALL_MS = 1_000
const ANSWER_MS = 2
const CLOSED_CONNECTIONS = 4
const REQUEST = Buffer.from('POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi')

it('a server that stalls for 1 s shows it in the open loop’s p99, and hides it from a closed loop beside it', async () => {
  const startAtMs = preciseNow() + 200
  const stallEndsMs = startAtMs + STALL_FROM_MS + STALL_MS
  const server = await testServer((socket) => {
    const nowMs = preciseNow()
    const stalls = nowMs >= startAtMs + STALL_FROM_MS && nowMs < stallEndsMs
    setTimeout(() => socket.write(OK), stalls ? stallEndsMs - nowMs : ANSWER_MS)
  })
  const path = join(folder, 'journal.bin')
  const journal = openJournal(path)
  const open = openLoop({
    load: {
      scenario: { shape: () => 1, mix: [{ provider: 'generic', share: 1 }], keys: { count: 10, zipf: 1 } },
      durationMs: RUN_MS,
      ratePerS: 250,
      seed: 11,
    },
    runId: 'stall0',
    retries: undefined,
    balancer: undefined,
    senders: { index: 0, count: 1 },
    destinations: [server],
    routes: [{ path: '/webhooks/generic', provider: generic, secret: generic.secret('a-secret-for-tests-only') }],
    connectionsMax: 2_000,
    journal,
    latenessMaxMs: 60_000,
    startAtMs,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  /** When each connection asked last, and how often one had to wait as long as the stall before it asked again. */
  const askedMs = new Map<number, number>()
  let stalled = 0
  const closed = closedLoop({
    destination: server,
    connections: CLOSED_CONNECTIONS,
    next: (slot) => {
      const now = preciseNow()
      if (now - (askedMs.get(slot) ?? now) > STALL_MS * 0.8) stalled++
      askedMs.set(slot, now)
      return REQUEST
    },
    warmUpMs: 200,
    measureMs: RUN_MS,
  })
  const [, closedResult] = await Promise.all([open, closed])
  journal.close()
  await server.close()

  const response: number[] = []
  for (const { doneMs, intendedMs } of readJournal(path)) response.push(doneMs - intendedMs)
  response.sort((a, b) => a - b)
  expect(response.length).toBeGreaterThan(800)
  expect(response[Math.floor(0.99 * response.length)]).toBeGreaterThan(STALL_MS * 0.8)

  // It did meet the stall, on each of its connections: once, and then it asked no more until the stall was over.
  expect(closedResult.serviceMaxMs).toBeGreaterThan(STALL_MS * 0.8)
  expect(closedResult.accepted).toBeGreaterThan(CLOSED_CONNECTIONS * 40)
  // Twice, where the machine stalled as long beside.
  expect(stalled).toBeLessThanOrEqual(2 * CLOSED_CONNECTIONS)
  // A machine that is ten times slower leaves too few answers beside those for a p99.
  const isEnough = closedResult.accepted > CLOSED_CONNECTIONS * 200
  expect(isEnough ? closedResult.serviceP99Ms : 0).toBeLessThan(STALL_MS * 0.4)
})
