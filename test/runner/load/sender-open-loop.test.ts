import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import slack from '../../../providers/slack.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { type OpenLoopOptions, openLoop } from '../../../src/runner/load/sender/open-loop.ts'
import { countArrivals } from '../../../src/runner/plan/arrivals.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { type Attempt, openJournal, readJournal } from '../../../src/runner/records/journal.ts'
import { OK, type TestServer, testServer } from './sender-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-sender-'))
afterAll(() => rmSync(folder, { recursive: true }))
const servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

let files = 0
function optionsFor(
  server: TestServer,
  more: Partial<OpenLoopOptions> = {},
  durationMs = 1_000,
): OpenLoopOptions & { path: string } {
  const path = join(folder, `${files++}.bin`)
  return {
    path,
    load: {
      scenario: { shape: () => 1, mix: [{ provider: 'generic', share: 1 }], keys: { count: 10, zipf: 1 } },
      durationMs,
      ratePerS: 200,
      seed: 5,
    },
    runId: 'test00',
    retries: undefined,
    balancer: undefined,
    senders: { index: 0, count: 1 },
    destinations: [server],
    routes: [{ path: '/webhooks/generic', provider: generic, secret: generic.secret('a-secret-for-tests-only') }],
    connectionsMax: 1_000,
    journal: more.journal ?? openJournal(path),
    latenessMaxMs: 60_000,
    startAtMs: preciseNow() + 100,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  }
}
async function serverOf(...args: Parameters<typeof testServer>): Promise<TestServer> {
  const server = await testServer(...args)
  servers.push(server)
  return server
}
function read({ path, journal }: { path: string } & OpenLoopOptions): Attempt[] {
  journal.close()
  return Array.from(readJournal(path), (one) => ({ ...one }))
}

describe('the open loop', () => {
  it('sends every planned event once, and writes down each with its clocks in order', async () => {
    const options = optionsFor(await serverOf((socket) => socket.write(OK)))
    const planned = countArrivals(options.load, Number.POSITIVE_INFINITY)
    const certificate = await openLoop(options)
    const attempts = read(options)
    expect(certificate).toMatchObject({ planned, sent: planned, unsent: 0, gaveUp: false })
    expect(attempts.map((one) => one.seq).sort((a, b) => a - b)).toEqual(Array.from({ length: planned }, (_, n) => n))
    for (const one of attempts) {
      expect(one).toMatchObject({ outcome: 'accepted', status: 200, cause: 'none' })
      expect(one.sentMs).toBeGreaterThanOrEqual(one.intendedMs)
      expect(one.doneMs).toBeGreaterThanOrEqual(one.sentMs)
    }
  })

  it('takes an answer whose length the end of its connection tells', async () => {
    const server = await serverOf((socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntaken'))
    const options = optionsFor(server)
    await openLoop(options)
    const outcomes = new Set(read(options).map(({ outcome, status }) => `${outcome} ${status}`))
    expect([...outcomes]).toEqual(['accepted 200'])
  })

  it('shares the plan among senders without gap or overlap', async () => {
    const server = await serverOf((socket) => socket.write(OK))
    const both = [0, 1].map((index) => optionsFor(server, { senders: { index, count: 2 } }))
    await Promise.all(both.map(openLoop))
    const seqs = both.flatMap(read).map((one) => one.seq)
    const planned = countArrivals(both[0]!.load, Number.POSITIVE_INFINITY)
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: planned }, (_, n) => n))
  })

  it('sends no more of what an answer asks not to be sent again, where its provider has a header for that', async () => {
    const noRetry = 'HTTP/1.1 500 No\r\nContent-Length: 0\r\nX-Slack-No-Retry: 1\r\n\r\n'
    const retries = { timeScale: 1_000, tailMs: 10_000 }
    const attemptsOf = async (provider: Provider) => {
      const server = await serverOf((socket) => socket.write(noRetry))
      const routes = [{ path: '/webhooks', provider, secret: provider.secret('a-secret-for-tests-only') }]
      const options = optionsFor(server, { retries, routes }, 200)
      await openLoop(options)
      return read(options)
    }
    const slackOnes = await attemptsOf({ ...slack, delivery: { ...slack.delivery, waitMs: () => 1 } })
    expect(slackOnes.length).toBeGreaterThan(10)
    expect(new Set(slackOnes.map(({ attempt, cause, status }) => `${attempt} ${cause} ${status}`))).toEqual(
      new Set(['1 no-retry 500']),
    )
    const others = await attemptsOf({ ...generic, delivery: { ...generic.delivery, waitMs: () => 1 } })
    expect(others.some(({ attempt }) => attempt > 1)).toBe(true)
    expect(others.every(({ cause }) => cause === 'none')).toBe(true)
  })

  it('at its cap of connections goes on with the plan, and says what it did not send', async () => {
    const held: (() => void)[] = []
    const server = await serverOf((socket) => void held.push(() => socket.write(OK)))
    const options = optionsFor(server, {
      connectionsMax: 5,
      onProgress(progress) {
        if (progress.planned === planned) for (const answer of held.splice(0)) answer()
      },
    })
    const planned = countArrivals(options.load, Number.POSITIVE_INFINITY)
    const certificate = await openLoop(options)
    const attempts = read(options)
    expect(attempts.length).toBe(planned)
    expect(certificate).toMatchObject({ planned, sent: 5, unsent: planned - 5, connectionsOpenedMax: 5 })
    const unsent = attempts.filter((one) => one.outcome === 'unsent')
    expect(unsent.length).toBe(planned - 5)
    expect(unsent.every((one) => one.cause === 'connections-max' && one.status === 0)).toBe(true)
  })

  it('ends with the journal’s error when the disk is full, and sends no more', async () => {
    const server = await serverOf((socket) => socket.write(OK))
    let room = 20
    const write = () => {
      if (room-- <= 0) throw new FloodmarkError('unavailable', 'cannot write journal: no space left')
    }
    const options = optionsFor(server, { journal: { full: undefined, write, flush: () => {}, close: () => {} } }, 5_000)
    await expect(openLoop(options)).rejects.toMatchObject({ code: 'unavailable', message: /no space/ })
    // What has left may still be on its way on a busy machine.
    const settles = () => new Promise((resolve) => setTimeout(resolve, 300))
    await settles()
    const before = server.requests()
    await settles()
    expect(server.requests()).toBe(before)
    expect(before).toBeLessThan(countArrivals(options.load, Number.POSITIVE_INFINITY))
  })

  it('sends no more when the journal has no more room, writes down what is in flight, and says why', async () => {
    const server = await serverOf((socket) => setTimeout(() => socket.write(OK), 20))
    const full = new FloodmarkError('unavailable', 'cannot write journal: no space left')
    let written = 0
    const journal = {
      write: () => void written++,
      flush: () => {},
      close: () => {},
      get full() {
        return written >= 20 ? full : undefined
      },
    }
    const certificate = await openLoop(optionsFor(server, { journal }, 60_000))
    expect(certificate.journalFull).toBe(full.message)
    expect(certificate.sent).toBe(written)
    expect(server.requests()).toBe(written)
    expect(certificate.gaveUp).toBe(false)
  })

  it('gives up when it is later than it may be, and says so', async () => {
    const server = await serverOf((socket) => socket.write(OK))
    const late = { startAtMs: preciseNow() - 5_000, latenessMaxMs: 1_000 }
    const certificate = await openLoop(optionsFor(server, late, 60_000))
    expect(certificate).toMatchObject({ gaveUp: true, sent: 0 })
    expect(server.requests()).toBe(0)
  })

  it('sends no more once told to stop, and writes down what had been due', async () => {
    const stop = new AbortController()
    const server = await serverOf((socket) => {
      socket.write(OK)
      if (server.requests() === 50) stop.abort()
    })
    const options = optionsFor(server, { signal: stop.signal }, 5_000)
    const { planned, sent, unsent } = await openLoop(options)
    expect(sent + unsent).toBe(planned)
    expect(sent).toBeLessThan(countArrivals(options.load, Number.POSITIVE_INFINITY))
    expect(read(options).length).toBe(planned)
  })
})
