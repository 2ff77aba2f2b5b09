import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { Readiness } from '../../../src/core/service/readiness.ts'

const EVERY_MS = 2_000

/** Readiness over parts that a test breaks by name. */
async function over(...names: string[]) {
  const clock = new VirtualClock()
  const broken = new Map<string, Error>()
  const errors: string[] = []
  let checks = 0
  const parts = names.map((name) => ({
    name,
    check: async () => {
      checks++
      const error = broken.get(name)
      if (error) throw error
    },
  }))
  const onError = (error: unknown) => void errors.push((error as Error).message)
  const readiness = new Readiness({ parts, clock, everyMs: EVERY_MS, onError })
  const stopping = new AbortController()
  await readiness.start(stopping.signal)
  return { readiness, clock, broken, errors, stop: () => stopping.abort(), checks: () => checks }
}

describe('readiness', () => {
  it('names the parts that fail, and tells of each once while it fails', async () => {
    const { readiness, clock, broken, errors } = await over('queue', 'ledger')
    await expect(readiness.ready()).resolves.toBeUndefined()
    broken.set('ledger', new Error('the disk is full'))
    await clock.advance(5 * EVERY_MS)
    await expect(readiness.ready()).rejects.toMatchObject({ code: 'unavailable', message: 'not ready: ledger' })
    expect(errors).toEqual(['not ready: ledger: the disk is full'])
    broken.delete('ledger')
    await clock.advance(EVERY_MS)
    await expect(readiness.ready()).resolves.toBeUndefined()
    broken.set('ledger', new Error('again'))
    await clock.advance(EVERY_MS)
    expect(errors).toHaveLength(2)
  })

  it('looks as often as it was told, however often somebody asks', async () => {
    const { readiness, clock, checks } = await over('queue')
    for (let n = 0; n < 1_000; n++) await readiness.ready()
    expect(checks()).toBe(1)
    await clock.advance(10 * EVERY_MS)
    expect(checks()).toBe(11)
  })

  it('takes a part that does not answer for one that fails', async () => {
    const clock = new VirtualClock()
    const parts = [{ name: 'queue', check: () => new Promise<void>(() => {}) }]
    const readiness = new Readiness({ parts, clock, everyMs: EVERY_MS, onError: () => {} })
    void readiness.start(new AbortController().signal)
    await clock.advance(60_000)
    await expect(readiness.ready()).rejects.toMatchObject({ message: 'not ready: queue' })
  })

  it('stops looking when the service stops', async () => {
    const { clock, stop, checks } = await over('queue')
    stop()
    await clock.advance(100 * EVERY_MS)
    expect(checks()).toBe(1)
  })
})
