import { describe, expect, it } from 'vitest'
import { PendingWrites, RecordedTx } from '../../../src/core/processing/writes.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const MINUTE_MS = 60_000
const numberIn = (value: Uint8Array | undefined) => Number(value === undefined ? 0 : Buffer.from(value).toString())

describe('what an effect reads', () => {
  it('is what earlier events of its key have written: 200 that add 1 leave 200', async () => {
    const run = await processing(async (_, tx) => {
      tx.put('total', Buffer.from(String(numberIn(await tx.read('total')) + 1)))
    })
    await run.publish(...Array.from({ length: 200 }, (_, n) => anEvent(`e${n}`, { key: 'one' })))
    await run.clock.advance(MINUTE_MS)
    expect(run.counts.applied).toBe(200)
    expect(numberIn(await run.ledger.read('total'))).toBe(200)
    await run.end()
  })

  it('is not what a try has written that failed', async () => {
    let tries = 0
    const run = await processing(async (_, tx) => {
      const before = numberIn(await tx.read('total'))
      tx.put('total', Buffer.from(String(before + 1)))
      if (++tries === 1) throw new Error('once')
    })
    await run.publish(anEvent('1', { key: 'one' }), anEvent('2', { key: 'one' }))
    await run.clock.advance(MINUTE_MS)
    expect(numberIn(await run.ledger.read('total'))).toBe(2)
    await run.end()
  })
})

describe('a transaction', () => {
  it('keeps what it was given, whatever the caller does with the bytes afterwards', async () => {
    const buffer = Buffer.from('1')
    const run = await processing(({ id }, tx) => {
      buffer.write(id.at(-1)!)
      tx.append('list', buffer)
    })
    await run.publish(...['1', '2', '3'].map((id) => anEvent(id, { key: 'one' })))
    await run.clock.advance(MINUTE_MS)
    expect(await run.items()).toEqual(['list=1', 'list=2', 'list=3'])
    await run.end()
  })

  it('has a signal that aborts when its try has taken too long', async () => {
    const aborted: boolean[] = []
    let tries = 0
    const run = await processing(
      (_, tx) => {
        if (++tries > 1) return
        tx.signal.addEventListener('abort', () => aborted.push(true))
        return new Promise<void>(() => {})
      },
      { effectMs: 1_000 },
    )
    await run.publish(anEvent('1'))
    await run.clock.advance(MINUTE_MS)
    expect(aborted).toEqual([true])
    expect(run.counts.applied).toBe(1)
    await run.end()
  })

  it('that read a number after a text was put reads the number from there', async () => {
    const pending = new PendingWrites()
    const tx = new RecordedTx({ ledger: { read: async () => Buffer.from('7') }, pending })
    expect(numberIn(await tx.read('n'))).toBe(7)
    tx.put('n', Buffer.from('no number'))
    tx.increment('n', 2)
    expect(numberIn(await tx.read('n'))).toBe(2)
  })
})
