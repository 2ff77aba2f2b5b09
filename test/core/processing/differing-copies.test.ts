import { describe, expect, it } from 'vitest'
import type { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { KeptCopy, Ledger } from '../../../src/core/contracts/ledger.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const event = (id: string, text: string, over = {}) => anEvent(id, { body: Buffer.from(text), ...over })
async function kept(ledger: Ledger): Promise<string[]> {
  const copies: KeptCopy[] = []
  for await (const copy of ledger.keptCopies()) copies.push(copy)
  return copies.map(({ event }) => `${event.id} ${Buffer.from(event.body)}`)
}
async function started(effects?: Parameters<typeof processing>[0]) {
  const errors: FloodmarkError[] = []
  const applied: string[] = []
  const effect = effects ?? ((given) => void applied.push(`${given.id} ${Buffer.from(given.body)}`))
  const run = await processing(effect, { onError: (error) => errors.push(error as FloodmarkError) })
  return { ...run, applied, errors }
}

describe('a known id with another body', () => {
  it('is counted, told and kept; the first body holds', async () => {
    const run = await started()
    await run.publish(event('1', 'first'))
    await run.clock.advance(1_000)
    await run.publish(event('1', 'first'), event('1', 'other'))
    await run.clock.advance(1_000)
    expect(run.applied).toEqual(['test:1 first'])
    expect(run.counts).toMatchObject({ applied: 1, duplicates: 2, differing: 1 })
    expect(run.errors).toMatchObject([{ code: 'other-body', message: expect.stringContaining('test:1 came again') }])
    expect(await kept(run.ledger)).toEqual(['test:1 other'])
    await run.end()
  })

  it('is found also where both come in one batch', async () => {
    const run = await started()
    await run.publish(event('1', 'first'), event('1', 'first'), event('1', 'other'))
    await run.clock.advance(1_000)
    expect(run.applied).toEqual(['test:1 first'])
    expect(run.counts).toMatchObject({ applied: 1, duplicates: 2, differing: 1 })
    expect(await kept(run.ledger)).toEqual(['test:1 other'])
    await run.end()
  })

  it('is counted once a delivery, however many effects there are', async () => {
    const run = await started({ books: () => {}, mail: () => {} })
    await run.publish(event('1', 'first'))
    await run.clock.advance(1_000)
    await run.publish(event('1', 'other'), event('1', 'third'))
    await run.clock.advance(1_000)
    expect(run.counts).toMatchObject({ duplicates: 2, differing: 2 })
    expect(await kept(run.ledger)).toEqual(['test:1 other'])
    await run.end()
  })

  it('is told and kept of each source now and then, and always counted', async () => {
    const run = await started()
    const copies = (from: number) =>
      Array.from({ length: 10 }, (_, at) => event('1', `${from + at}`, { source: at % 2 ? 'test' : 'shop' }))
    await run.publish(event('1', 'first'))
    await run.clock.advance(1_000)
    for (let times = 0; times < 3; times++) {
      await run.publish(...copies(times * 10))
      await run.clock.advance(6_000)
    }
    expect(run.counts.differing).toBe(30)
    expect(run.errors).toHaveLength(4)
    expect(await kept(run.ledger)).toHaveLength(4)
    await run.end()
  })
})
