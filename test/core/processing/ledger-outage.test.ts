import { describe, expect, it } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Ledger } from '../../../src/core/contracts/ledger.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const MINUTE_MS = 60_000

/** A ledger that can be told to store nothing, or nothing but its own probe. */
function failing() {
  const state = { isFull: false, probeWorks: false, probes: 0 }
  const full = () => new FloodmarkError('unavailable', 'the disk is full')
  const wrap = (ledger: Ledger): Ledger => ({
    ...bound(ledger),
    async settle(settlements) {
      if (!state.isFull) return ledger.settle(settlements)
      await ledger.settle(settlements.map(({ event, fence }) => ({ event, fence, result: 'released' })))
      throw full()
    },
    async probe() {
      state.probes++
      if (state.isFull && !state.probeWorks) throw full()
    },
  })
  return { state, wrap }
}

function bound(ledger: Ledger): Ledger {
  return {
    traits: ledger.traits,
    claim: (events, leaseMs) => ledger.claim(events, leaseMs),
    claimAlone: (event, leaseMs) => ledger.claimAlone(event, leaseMs),
    settle: (settlements) => ledger.settle(settlements),
    probe: () => ledger.probe(),
    buried: () => ledger.buried(),
    exhume: (id) => ledger.exhume(id),
    forget: (id) => ledger.forget(id),
    keepCopy: (event) => ledger.keepCopy(event),
    keptCopies: () => ledger.keptCopies(),
    read: (name) => ledger.read(name),
    scan: (prefix) => ledger.scan(prefix),
    items: (prefix) => ledger.items(prefix),
    close: () => ledger.close(),
  }
}

describe('a ledger that cannot store', () => {
  it('lets each effect run once, and none again until a real write has succeeded', async () => {
    const { state, wrap } = failing()
    const errors: unknown[] = []
    let calls = 0
    const effect = () => void calls++
    const run = await processing(effect, { wrap, onError: (error) => errors.push(error) })
    state.isFull = true
    await run.publish(...Array.from({ length: 50 }, (_, n) => anEvent(`e${n}`, { key: `k${n}` })))
    await run.clock.advance(MINUTE_MS)
    expect(calls).toBeLessThanOrEqual(50)
    expect(run.counts).toMatchObject({ applied: 0, buried: 0, failed: 0, ledgerOutages: 1, isLedgerOut: true })
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'unavailable', message: expect.stringContaining('the disk is full') })
    state.isFull = false
    await run.clock.advance(MINUTE_MS)
    expect(run.counts).toMatchObject({ applied: 50, isLedgerOut: false })
    await run.end()
  })

  it('is asked ever less often while it stays away', async () => {
    const { state, wrap } = failing()
    const run = await processing(() => {}, { wrap })
    state.isFull = true
    await run.publish(anEvent('1'))
    await run.clock.advance(60 * MINUTE_MS)
    // Waits of 0.1 s, doubled up to 30 s.
    expect(state.probes).toBeGreaterThan(60)
    expect(state.probes).toBeLessThan(150)
    await run.end()
  })

  it('is one outage, with waits that grow, where its probe works and what it is to settle does not', async () => {
    const { state, wrap } = failing()
    const errors: unknown[] = []
    let calls = 0
    const effect = () => void calls++
    const run = await processing(effect, { wrap, onError: (error) => errors.push(error) })
    state.isFull = true
    state.probeWorks = true
    await run.publish(anEvent('1'))
    await run.clock.advance(10 * MINUTE_MS)
    // Without growing waits it would be six thousand.
    expect(calls).toBeLessThan(40)
    expect(errors).toHaveLength(1)
    state.isFull = false
    await run.clock.advance(MINUTE_MS)
    expect(run.counts).toMatchObject({ applied: 1, ledgerOutages: 1, isLedgerOut: false })
    await run.end()
  })

  it('is an outage too where it cannot even claim: no effect runs', async () => {
    let isAway = true
    let calls = 0
    const wrap = (ledger: Ledger): Ledger => ({
      ...bound(ledger),
      async claim(events, leaseMs) {
        if (isAway) throw new FloodmarkError('unavailable', 'nobody answers')
        return ledger.claim(events, leaseMs)
      },
      async probe() {
        if (isAway) throw new FloodmarkError('unavailable', 'nobody answers')
      },
    })
    const run = await processing(() => void calls++, { wrap })
    await run.publish(anEvent('1'))
    await run.clock.advance(MINUTE_MS)
    expect(calls).toBe(0)
    expect(run.counts.isLedgerOut).toBe(true)
    isAway = false
    await run.clock.advance(MINUTE_MS)
    expect(run.counts).toMatchObject({ applied: 1, isLedgerOut: false })
    await run.end()
  })
})
