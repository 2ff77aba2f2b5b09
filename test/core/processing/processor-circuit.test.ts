import { describe, expect, it } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Ledger } from '../../../src/core/contracts/ledger.ts'
import type { ProcessorOptions } from '../../../src/core/processing/processor.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const { circuit, attemptsMin } = SERVICE_DEFAULTS
const QUICK = { backoff: { baseMs: 50, capMs: 30_000 }, attemptsMin, retryForMs: 0 }
const SECOND_MS = 1_000

/** 200 events/s over 50 keys for 8 s, what effects need is down from 2 s to 7 s, and every 20th event always fails. */
async function outage(over: Partial<ProcessorOptions>) {
  let tries = 0
  let triesWhileDown = 0
  const isDown = () => run.clock.monotonic() >= 2 * SECOND_MS && run.clock.monotonic() < 7 * SECOND_MS
  const run = await processing(
    (event, tx) => {
      tries++
      if (isDown()) {
        triesWhileDown++
        throw new Error('down')
      }
      const number = Number(event.id.slice(5))
      if (number % 20 === 0) throw new Error('never works')
      tx.append(event.key, Buffer.from(String(number)))
    },
    { ...QUICK, ...over },
  )
  for (let number = 0; number < 1_600; number++) {
    await run.publish(anEvent(String(number), { key: `k${number % 50}` }))
    await run.clock.advance(5)
  }
  await run.clock.advance(60 * SECOND_MS)
  const buried = await run.buried()
  const items = await run.items()
  const { counts } = run
  await run.end()
  return { tries, triesWhileDown, buried, items, counts }
}

function ascendingWithinKeys(items: readonly string[]): boolean {
  const last = new Map<string, number>()
  return items.every((item) => {
    const [key, number] = [item.split('=')[0]!, Number(item.split('=')[1])]
    const ascends = number > (last.get(key) ?? -1)
    last.set(key, number)
    return ascends
  })
}

describe('when what effects depend on is down, the processor', () => {
  it('pauses: only what always fails is buried, order is kept, and hardly anything is tried', async () => {
    const { buried, items, counts, triesWhileDown } = await outage({ circuit })
    expect(buried.map(({ event }) => Number(event.id.slice(5)) % 20)).toEqual(new Array(80).fill(0))
    expect(buried.every(({ failures }) => failures === attemptsMin)).toBe(true)
    expect(items).toHaveLength(1_520)
    expect(ascendingWithinKeys(items)).toBe(true)
    expect(counts).toMatchObject({ circuitsOpened: 1, circuitsOpen: 0, applied: 1_520, buried: 80 })
    expect(triesWhileDown).toBeLessThan(150)
  })

  it('buries hundreds of good events where it has no circuit', async () => {
    const { buried, counts } = await outage({})
    expect(buried.filter(({ reason }) => reason === 'transient: down').length).toBeGreaterThan(200)
    expect(counts).toMatchObject({ circuitsOpened: 0, circuitsOpen: 0 })
  })

  it('claims nothing while paused', async () => {
    let claims = 0
    const wrap = (ledger: Ledger): Ledger =>
      Object.assign(Object.create(ledger), {
        settle: ledger.settle.bind(ledger),
        claim(...call: Parameters<Ledger['claim']>) {
          claims++
          return ledger.claim(...call)
        },
      })
    const run = await processing(
      () => {
        throw new Error('down')
      },
      { ...QUICK, circuit, wrap, batchEventsMax: 64 },
    )
    await run.publish(...Array.from({ length: 100 }, (_, n) => anEvent(String(n), { key: `k${n}` })))
    await run.clock.advance(20)
    expect(run.counts.circuitsOpen).toBe(1)
    const before = claims
    await run.publish(anEvent('later', { key: 'later' }))
    await run.clock.advance(900)
    expect(claims).toBe(before)
    await run.clock.advance(600 * SECOND_MS)
    expect(await run.buried()).toEqual([])
    await run.end()
  })

  it('is not paused by what is permanent, and buries that at once meanwhile', async () => {
    const run = await processing(
      () => {
        throw new FloodmarkError('rejected', 'not for us')
      },
      { circuit },
    )
    await run.publish(...Array.from({ length: 100 }, (_, n) => anEvent(String(n), { key: `k${n}` })))
    await run.clock.advance(100)
    expect(run.counts).toMatchObject({ buried: 100, circuitsOpened: 0 })
    await run.end()
  })
})

describe('the class of an error', () => {
  it('is for the user to say; a judge that fails itself, or has no opinion, leaves it to the rule', async () => {
    const run = await processing(
      (event) => {
        if (event.id === 'test:c') throw new FloodmarkError('rejected', 'c')
        throw Object.assign(new Error(event.id.slice(5)), { status: event.id === 'test:a' ? 422 : 500 })
      },
      {
        classify(error) {
          if (error instanceof FloodmarkError) throw new Error('no judge')
          return (error as { status?: number }).status === 422 ? 'permanent' : undefined
        },
      },
    )
    await run.publish(...['a', 'b', 'c'].map((id) => anEvent(id, { key: id })))
    await run.clock.advance(10 * SECOND_MS)
    const letters = (await run.buried()).map(({ reason, failures }) => `${reason} ${failures}`)
    expect(letters.toSorted()).toEqual(['permanent: a 1', 'permanent: c 1', 'transient: b 4'])
    await run.end()
  })
})
