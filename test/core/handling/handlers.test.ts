import { describe, expect, it } from 'vitest'
import { sleep } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import { eventFilter } from '../../../src/core/handling/filter.ts'
import { type HandlerTry, handlers, outcomesOf } from '../../../src/core/handling/handlers.ts'
import { anEvent } from '../../events.ts'
import { processing } from '../processing/processing.ts'

const of = (type: string, body: unknown = {}, source = 'shop') =>
  anEvent(`${type}-${JSON.stringify(body)}`, { type, source, body: Buffer.from(JSON.stringify(body)) })

describe('handlers', () => {
  it('are asked about the events that they are for, each by itself, and nobody about the rest', async () => {
    const seen: string[] = []
    const note = (name: string) => async (event: { type: string }) => void seen.push(`${name} ${event.type}`)
    const effects = handlers({
      books: { on: { type: 'invoice.*' }, handle: note('books') },
      live: { on: { source: ['shop', 'till-*'], body: { 'data.live': true } }, handle: note('live') },
      mail: note('mail'),
    })
    const { mail: _, ...chosen } = effects
    const run = await processing(chosen)
    await run.publish(of('invoice.paid'), of('invoices'), of('a', { data: { live: true } }, 'till-7'))
    await run.publish(of('b', { data: { live: true } }, 'other'), of('c', { data: { live: 'true' } }))
    await run.clock.advance(100)
    expect(seen.toSorted()).toEqual(['books invoice.paid', 'live a'])
    expect(run.counts).toMatchObject({ applied: 5, unrouted: 3 })
    await run.end()
  })

  it('know their try, may say that there was nothing to do, and what came of each is told', async () => {
    const tries: HandlerTry[] = []
    const lines: string[] = []
    const effects = handlers(
      {
        a: async (event, tx, { attempt, log }) => {
          log(`is at ${attempt}`)
          if (attempt < 3) throw new Error('not yet')
          if (event.type === 'moved') return 'nothing'
          tx.increment('done', 1)
        },
        b: () => {
          throw new FloodmarkError('rejected', 'never')
        },
      },
      { log: (line) => lines.push(line), onTry: (one) => tries.push(one) },
    )
    const run = await processing(effects)
    await run.publish(anEvent('1', { key: 'x' }), anEvent('2', { key: 'y', type: 'moved' }))
    await run.clock.advance(5_000)
    expect(outcomesOf(effects)).toEqual({
      a: { done: 1, nothing: 1, failed: 4, late: 0 },
      b: { done: 0, nothing: 0, failed: 2, late: 0 },
    })
    expect(tries.filter(({ handler, event }) => handler === 'a' && event.id === 'test:2')).toMatchObject([
      { attempt: 1, outcome: 'failed' },
      { attempt: 2, outcome: 'failed' },
      { attempt: 3, outcome: 'nothing' },
    ])
    expect(lines).toContain('handler a, event test:1, try 3: is at 3')
    expect(String(await run.ledger.read('done'))).toBe('1')
    await run.end()
  })

  it('have a time and a number of tries at once of their own', async () => {
    let [running, most] = [0, 0]
    const wait = async (ms: number, signal?: AbortSignal) => {
      most = Math.max(most, ++running)
      await sleep(run.clock, ms, signal)
      running--
    }
    const effects = handlers({
      few: { concurrencyMax: 2, handle: () => wait(100) },
      slow: { on: { type: 'slow' }, timeoutMs: 50, handle: (_, __, { signal }) => sleep(run.clock, 500, signal) },
    })
    const run = await processing(effects)
    await run.publish(...Array.from({ length: 9 }, (_, n) => anEvent(String(n), { key: `k${n}` })))
    await run.clock.advance(10_000)
    expect([most, outcomesOf(effects).few]).toMatchObject([2, { done: 9 }])
    await run.publish(anEvent('slow', { type: 'slow', key: 'z' }))
    await run.clock.advance(10_000)
    expect(await run.buried()).toMatchObject([{ reason: 'transient: the effect took longer than 50 ms', failures: 4 }])
    expect(outcomesOf(effects).slow).toMatchObject({ done: 0, late: 4 })
    await run.end()
  })

  it('pass over nothing because a filter of theirs fails', async () => {
    const effects = handlers({
      strict: { on: { body: { amount: (amount) => (amount as string).startsWith('5') } }, handle: () => {} },
    })
    const run = await processing(effects)
    await run.publish(of('paid', { amount: 5 }))
    await run.clock.advance(5_000)
    expect(await run.buried()).toMatchObject([{ cause: 'transient', failures: 4 }])
    await run.end()
  })

  it('take filters by asterisks, and refuse what means nothing', () => {
    const meant = eventFilter({ type: ['a.*.z', 'b'] })
    expect(['a.x.z', 'a..z', 'b', 'a.x', 'bb', 'aXx.z'].map((type) => meant(of(type)))).toEqual(
      [true, true, true, false, false, false], //
    )
    expect(eventFilter({ body: { constructor: ['x'] } })(of('t'))).toBe(false)
    expect(() => eventFilter({ source: [] })).toThrow('source is empty')
    expect(() => handlers({ a: { handle: () => {}, timeoutMs: 0 } })).toThrow('timeoutMs is 0')
  })
})
