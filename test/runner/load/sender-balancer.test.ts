import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { Balancer, type HeldSending } from '../../../src/runner/load/sender/balancer.ts'
import type { Destination, ExchangeEnd, SenderConnection } from '../../../src/runner/load/sender/connection.ts'
import { openLoop } from '../../../src/runner/load/sender/open-loop.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { emptyAttempt, openJournal, readJournal } from '../../../src/runner/records/journal.ts'
import { freePorts } from '../../../src/runner/servers/ports.ts'
import { OK, testServer } from './sender-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-balancer-'))
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * Sends 200/s for a second through a balancer, and gives what the journal says. `onSome` is told once when some are sent, with ms since
 * the start.
 */
async function sendThrough(destinations: readonly Destination[], tryMs: number, onSome?: (atMs: number) => void) {
  let hasSome = false
  const path = join(folder, `${Math.random()}.bin`)
  const journal = openJournal(path)
  const certificate = await openLoop({
    load: {
      scenario: { shape: () => 1, mix: [{ provider: 'generic', share: 1 }], keys: { count: 10, zipf: 1 } },
      durationMs: 1_000,
      ratePerS: 200,
      seed: 5,
    },
    runId: 'test00',
    retries: undefined,
    balancer: { tryMs },
    senders: { index: 0, count: 1 },
    destinations,
    routes: [{ path: '/webhooks/generic', provider: generic, secret: generic.secret('a-secret-for-tests-only') }],
    connectionsMax: 1_000,
    journal,
    latenessMaxMs: 60_000,
    startAtMs: preciseNow() + 100,
    signal: new AbortController().signal,
    onProgress({ sent, atMs }) {
      if (sent === 0 || hasSome) return
      hasSome = true
      onSome?.(atMs)
    },
  })
  journal.close()
  return { certificate, attempts: Array.from(readJournal(path), (one) => ({ ...one })) }
}
const outcomes = (attempts: readonly { outcome: string }[]) => [...new Set(attempts.map(({ outcome }) => outcome))]
const answer = (socket: { write(text: string): void }) => socket.write(OK)
/** A port that nobody is given by chance meanwhile. */
async function closedPort(): Promise<Destination> {
  const [port] = await freePorts(1)
  return { host: '127.0.0.1', port: port! }
}

describe('an open loop behind a balancer', () => {
  it('passes over destinations that refuse connections', async () => {
    const server = await testServer(answer)
    const { attempts } = await sendThrough([await closedPort(), server, await closedPort()], 10_000)
    expect(outcomes(attempts)).toEqual(['accepted'])
    expect(server.requests()).toBe(attempts.length)
    await server.close()
  })

  it('holds requests while nobody listens, by their intended times, and sends each of them once', async () => {
    const destination = await closedPort()
    const seen: string[] = []
    const later = Promise.withResolvers<Awaited<ReturnType<typeof testServer>>>()
    let listensAtMs = 0
    const { attempts, certificate } = await sendThrough([destination], 60_000, (atMs) => {
      listensAtMs = atMs
      later.resolve(testServer((socket, request) => seen.push(request) && answer(socket), destination.port))
    })
    expect(outcomes(attempts)).toEqual(['accepted'])
    expect(seen.length).toBe(attempts.length)
    expect(new Set(seen).size).toBe(attempts.length)
    expect(certificate.sent).toBe(certificate.planned)
    const first = attempts.find(({ seq }) => seq === 0)!
    expect(first.sentMs).toBeLessThan(listensAtMs)
    expect(first.doneMs).toBeGreaterThan(listensAtMs)
    await (await later.promise).close()
  })

  it('refuses in the end what nobody took', async () => {
    const { attempts } = await sendThrough([await closedPort(), await closedPort()], 200)
    expect(outcomes(attempts)).toEqual(['refused'])
    expect(attempts.every(({ cause, status }) => cause === 'connect' && status === 0)).toBe(true)
  })

  it('does not send again what broke after it had left', async () => {
    const good = await testServer(answer)
    const breaks = await testServer((socket) => socket.destroy())
    const { attempts } = await sendThrough([good, breaks], 10_000)
    expect(good.requests() + breaks.requests()).toBe(attempts.length)
    const unknown = attempts.filter(({ outcome }) => outcome === 'unknown')
    expect(unknown.length).toBe(breaks.requests())
    expect(unknown.every(({ cause }) => cause === 'reset')).toBe(true)
    await good.close()
    await breaks.close()
  })
})

describe('the balancer', () => {
  const REFUSED: ExchangeEnd = { cause: 'connect', sent: false }
  const destination: Destination = { host: '127.0.0.1', port: 1 }
  const sendingOf = (seq: number, sentMs = 0): HeldSending => {
    return { ...emptyAttempt(), seq, sentMs, request: Buffer.alloc(0), refusals: 0 }
  }
  /** Of one destination, that nobody can be reached at unless a test says so. */
  function balancerOf(timeoutMs = 10_000) {
    const sent: number[] = []
    const retired: Destination[] = []
    const refused: [seq: number, cause: string][] = []
    const balancer = new Balancer({
      destinations: 1,
      tryMs: 5_000,
      timeoutMs: () => timeoutMs,
      send: ({ seq }) => sent.push(seq) > 0,
      retire: (destination) => retired.push(destination),
      onRefused: ({ seq }, cause) => refused.push([seq, cause]),
    })
    const ends = (work: HeldSending, exchange: ExchangeEnd) =>
      balancer.takesBack({ work, destination } as SenderConnection<HeldSending>, exchange)
    return { balancer, sent, retired, refused, ends }
  }

  it('tries by one request while all refuse, and lets the others through, some at a time, once one is answered', () => {
    const { balancer, sent, retired, ends } = balancerOf()
    expect(ends(sendingOf(0), REFUSED)).toBe(true)
    expect(retired).toEqual([destination])
    expect(balancer.down).toBe(true)
    for (let seq = 1; seq < 100; seq++) balancer.hold(sendingOf(seq, seq))
    balancer.tick(1_000)
    balancer.tick(1_020)
    expect(sent).toEqual([0])
    ends(sendingOf(0), REFUSED)
    balancer.tick(1_100)
    expect(sent).toEqual([0, 0])
    expect(ends(sendingOf(0), { status: 503, reusable: true, retryAfterS: undefined, extra: undefined })).toBe(false)
    expect(balancer.down).toBe(false)
    balancer.tick(1_120)
    expect(sent.length).toBeLessThan(100)
    for (let n = 0; n < 10; n++) balancer.tick(1_140 + n)
    expect(sent).toEqual([0, ...Array(100).keys()])
  })

  it('gives up after its own time, or after the sender’s where that is shorter', () => {
    for (const [timeoutMs, cause, atMs] of [
      [10_000, 'connect', 5_000],
      [3_000, 'timeout', 3_000],
    ] as const) {
      const { balancer, refused, ends } = balancerOf(timeoutMs)
      ends(sendingOf(7), REFUSED)
      balancer.tick(atMs - 1)
      expect(refused).toEqual([])
      ends(sendingOf(8, 1), REFUSED)
      balancer.hold(sendingOf(7))
      balancer.tick(atMs)
      expect(refused).toEqual([[7, cause]])
    }
  })

  it('leaves alone what was sent, and what was not let in for another reason than a refusal', () => {
    const { ends } = balancerOf()
    expect(ends(sendingOf(0), { cause: 'reset', sent: true })).toBe(false)
    expect(ends(sendingOf(0), { cause: 'timeout', sent: false })).toBe(false)
  })
})
