import { describe, expect, it } from 'vitest'
import memoryLedger from '../../../ledgers/memory.ts'
import memoryQueue from '../../../queues/memory.ts'
import { sleep, VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import { type Effect, type Effects, type Ledger, SUSPECT_LOST_TRIES } from '../../../src/core/contracts/ledger.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { LOST_TRIES_MAX } from '../../../src/core/processing/attempts.ts'
import { startProcessor } from '../../../src/core/processing/processor.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const LEASE_MS = 2_000
const HOUR_MS = 3_600_000

/** Nothing that a process asked for is answered once it is dead. */
function silentOnceDead(ledger: Ledger, isDead: () => boolean): Ledger {
  const answer = async <T>(working: Promise<T>): Promise<T> => {
    const answered = await working
    return isDead() ? new Promise(() => {}) : answered
  }
  const never = new Promise<never>(() => {})
  return Object.assign(Object.create(ledger), {
    claim: (...call: Parameters<Ledger['claim']>) => (isDead() ? never : answer(ledger.claim(...call))),
    claimAlone: (...call: Parameters<Ledger['claimAlone']>) => (isDead() ? never : answer(ledger.claimAlone(...call))),
    settle: (...call: Parameters<Ledger['settle']>) => (isDead() ? never : answer(ledger.settle(...call))),
    probe: () => ledger.probe(),
  })
}

/** Processes one after the other over one queue and one ledger. The next one starts when one has died, a moment later. */
async function living(effectsOf: (die: Effect) => Effects, events: readonly WebhookEvent[]) {
  const clock = new VirtualClock()
  const opened = { url: '', namespace: 'test', clock }
  const queue = await memoryQueue.open(opened)
  const ledger = await memoryLedger.open(opened)
  let deaths = 0
  const start = () => {
    const life = new AbortController()
    const die: Effect = () => {
      deaths++
      life.abort()
      clock.after(10, start)
      return new Promise(() => {})
    }
    startProcessor({
      queue,
      ledger: silentOnceDead(ledger, () => life.signal.aborted),
      effect: effectsOf(die),
      clock,
      random: seeded(1),
      attemptsMin: 4,
      retryForMs: 0,
      backoff: { baseMs: 100, capMs: 350 },
      batchEventsMax: 16,
      handlersMax: 2,
      leaseMs: LEASE_MS,
      effectMs: LEASE_MS / 2,
      signal: life.signal,
    })
  }
  start()
  await queue.publish(events, { deadlineMs: 1_000 })
  await clock.advance(HOUR_MS)
  const items: string[] = []
  for await (const [name, value] of ledger.items('')) items.push(`${name}=${Buffer.from(value)}`)
  const letters: string[] = []
  for await (const { event, cause } of ledger.buried()) letters.push(`${event.id} ${cause}`)
  const { waiting, inFlight } = await queue.depth()
  return { deaths, items, letters, left: waiting + inFlight }
}

const note: Effect = ({ id, key }, tx) => tx.append(`done/${key}`, Buffer.from(id.slice(5)))
const numbered = (count: number, keys: number) =>
  Array.from({ length: count }, (_, n) => anEvent(String(n), { key: `k${n % keys}` }))
const inOrder = (count: number, keys: number, ...killers: number[]) =>
  Array.from({ length: keys }, (_, key) => key).flatMap((key) =>
    Array.from({ length: count }, (_, n) => n)
      .filter((n) => n % keys === key && !killers.includes(n))
      .map((n) => `done/k${key}=${n}`),
  )

describe('an event whose effect ends the process', () => {
  it('is given up after a bounded number of deaths; its neighbours and its key go on, once and in order', async () => {
    const calls = new Map<string, number>()
    const run = await living(
      (die) => (event, tx) => {
        calls.set(event.id, (calls.get(event.id) ?? 0) + 1)
        return event.id === 'test:7' ? die(event, tx) : note(event, tx)
      },
      numbered(60, 10),
    )
    expect(run).toEqual({
      deaths: LOST_TRIES_MAX,
      items: inOrder(60, 10, 7),
      letters: ['test:7 process-died'],
      left: 0,
    })
    expect(calls.get('test:7')).toBe(LOST_TRIES_MAX)
    // What was in hand with it dies with it twice. After that nothing is in hand with it.
    for (const [id, times] of calls) if (id !== 'test:7') expect(times, id).toBeLessThanOrEqual(3)
  })

  it('is found among several in one batch', async () => {
    const killers = ['test:3', 'test:4', 'test:24', 'test:9']
    const run = await living(
      (die) => (event, tx) => (killers.includes(event.id) ? die(event, tx) : note(event, tx)),
      numbered(40, 10),
    )
    expect(run.letters.toSorted()).toEqual(killers.map((id) => `${id} process-died`).toSorted())
    expect(run).toMatchObject({ items: inOrder(40, 10, 3, 4, 24, 9), left: 0 })
    expect(run.deaths).toBeLessThanOrEqual(killers.length * LOST_TRIES_MAX)
  })

  it('is tried alone once it is suspect, and waits for nobody who is slow for ever', async () => {
    let running = 0
    const beside: number[] = []
    const run = await living(
      (die) => async (event, tx) => {
        running++
        if (event.id === 'test:0') {
          beside.push(running - 1)
          running = 0
          return die(event, tx)
        }
        await new Promise<void>((resolve) => tx.signal.addEventListener('abort', () => resolve()))
        running--
      },
      numbered(5, 5),
    )
    expect(beside).toHaveLength(LOST_TRIES_MAX)
    expect(beside.slice(-3)).toEqual([0, 0, 0])
    expect(run.letters).toContain('test:0 process-died')
    expect(run.left).toBe(0)
  })

  it.each([0, 500])('waits %i ms after others only for the tries that were begun', async (laterMs) => {
    const ran: string[] = []
    const run: Awaited<ReturnType<typeof processing>> = await processing(async ({ id, key }) => {
      if (key === 'slow') await sleep(run.clock, 1_000)
      ran.push(id.slice(5))
    })
    const suspect = anEvent('suspect')
    for (let lost = 0; lost < SUSPECT_LOST_TRIES; lost++) {
      await run.ledger.claim([suspect], 1)
      await run.clock.advance(1)
    }
    const slow = Array.from({ length: 6 }, (_, n) => anEvent(`${n}`, { key: 'slow' }))
    await run.publish(...slow, ...(laterMs === 0 ? [suspect] : []))
    await run.clock.advance(laterMs)
    if (laterMs > 0) await run.publish(suspect)
    await run.clock.advance(60_000)
    expect(ran).toEqual(['0', 'suspect', '1', '2', '3', '4', '5'])
    await run.end()
  })

  it('is given up for the one of its named effects that does it', async () => {
    const run = await living(
      (die) => ({
        books: note,
        mail: (event, tx) => (event.id === 'test:2' ? die(event, tx) : tx.append('mail', Buffer.from(event.id))),
      }),
      numbered(12, 3),
    )
    expect(run.letters).toEqual(['test:2#mail process-died'])
    expect(run.items.filter((item) => item.startsWith('done/'))).toEqual(inOrder(12, 3))
    expect(run.items.filter((item) => item.startsWith('mail='))).toHaveLength(11)
    expect(run).toMatchObject({ deaths: LOST_TRIES_MAX, left: 0 })
  })
})
