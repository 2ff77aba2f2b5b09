import { describe, expect, it } from 'vitest'
import { DIGEST_HEADER, NOT_COMPARED } from '../../src/core/base/copy-digest.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { Claim, Ledger, Settlement } from '../../src/core/contracts/ledger.ts'
import { anEvent } from '../events.ts'
import type { LedgerUnderTest } from './ledger.ts'

const LEASE_MS = 1_000

function fenceOf(claim: Claim | undefined): number {
  if (claim?.state !== 'new') throw new Error(`expected a new claim, got '${claim?.state}'`)
  return claim.fence
}

/** Tests that every ledger counts tries of which nobody told an outcome. */
export function ledgerLostTriesContract(name: string, make: () => Promise<LedgerUnderTest>): void {
  describe(`${name} counts lost tries`, () => {
    const event = anEvent('1')
    const claimOne = async (ledger: Ledger) => (await ledger.claim([event], LEASE_MS))[0]!

    it('calls an event suspect when two claims of it have run out, and then claims it alone', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock })
      const other = anEvent('2')
      for (const lostTries of [0, 1]) {
        expect(await claimOne(ledger)).toMatchObject({ state: 'new', lostTries })
        await clock.advance(LEASE_MS)
      }
      const claims = await ledger.claim([event, other], LEASE_MS)
      expect(claims).toMatchObject([{ state: 'suspect' }, { state: 'new', lostTries: 0 }])
      for (const lostTries of [2, 3]) {
        expect(await ledger.claimAlone(event, LEASE_MS)).toMatchObject({ state: 'new', failures: 0, lostTries })
        expect((await ledger.claimAlone(event, LEASE_MS)).state).toBe('busy')
        expect((await claimOne(ledger)).state).toBe('busy')
        await clock.advance(LEASE_MS)
      }
      const last = await ledger.claimAlone(event, LEASE_MS)
      const fence = fenceOf(last)
      await ledger.settle([{ event, fence, result: 'buried', cause: 'process-died', reason: 'r' }])
      for await (const { cause } of ledger.buried()) expect(cause).toBe('process-died')
      await ledger.exhume(event.id)
      expect(await claimOne(ledger)).toMatchObject({ state: 'new', failures: 0, lostTries: 0 })
      await ledger.close()
    })

    it('says what became of ids, and takes and renews nothing by it', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock, ttlMs: 10 * LEASE_MS })
      const of = async (...ids: string[]) => ledger.lookup!(ids.map((id) => `test:${id}`))
      const events = ['applied', 'buried', 'failed', 'released', 'held'].map((id) => anEvent(id))
      expect(await of('applied')).toEqual([{ state: 'unknown' }])
      const fences = (await ledger.claim(events, LEASE_MS)).map(fenceOf)
      await ledger.settle([
        { event: events[0]!, fence: fences[0]!, result: 'applied', writes: [] },
        { event: events[1]!, fence: fences[1]!, result: 'buried', cause: 'permanent', reason: 'r' },
        { event: events[2]!, fence: fences[2]!, result: 'failed', error: 'no' },
        { event: events[3]!, fence: fences[3]!, result: 'released' },
      ])
      const all = ['held', 'applied', 'buried', 'failed', 'released', 'never']
      const buried = { state: 'buried', cause: 'permanent', reason: 'r', failures: 1, atMs: expect.any(Number) }
      const settled = [{ state: 'applied' }, buried, { state: 'waiting', failures: 1, lostTries: 0 }]
      const none = { state: 'unknown' }
      expect(await of(...all)).toEqual([{ state: 'in-hand' }, ...settled, none, none])
      await clock.advance(LEASE_MS)
      expect(await of(...all)).toEqual([{ state: 'waiting', failures: 0, lostTries: 1 }, ...settled, none, none])
      await clock.advance(9 * LEASE_MS + 1)
      expect(await of('applied', 'buried')).toEqual([none, buried])
      expect(await of()).toEqual([])
      await ledger.close()
    })

    it('keeps what an effect made of an event beside its mark, and as long as that', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock, ttlMs: 10 * LEASE_MS })
      const whole = { ...event, headers: { [DIGEST_HEADER]: NOT_COMPARED } }
      const made = [
        { event: anEvent('done'), handled: { outcome: 'done', attempts: 1 } },
        { event: { ...whole, id: 'test:nothing' }, handled: { outcome: 'nothing', attempts: 300 } },
      ] as const
      const claims = await ledger.claim(
        made.map((one) => one.event),
        LEASE_MS,
      )
      const atMs = clock.now()
      await ledger.settle(
        made.map((one, at) => ({ ...one, fence: fenceOf(claims[at]), result: 'applied', writes: [] }) as const),
      )
      const all = made.map(({ handled }) => ({ state: 'applied', handled: { ...handled, atMs } }))
      expect(await ledger.lookup!(['test:done', 'test:nothing'])).toEqual(all)
      await clock.advance(6 * LEASE_MS)
      const copy = { ...anEvent('done'), receivedAtMs: clock.now() }
      const differing = { ...copy, body: Buffer.from('other') }
      expect(await ledger.claim([copy], LEASE_MS)).toEqual([{ state: 'duplicate' }])
      expect(await ledger.claim([differing], LEASE_MS)).toEqual([{ state: 'duplicate', differs: true }])
      await clock.advance(6 * LEASE_MS)
      expect(await ledger.lookup!(['test:done', 'test:nothing'])).toEqual([all[0], { state: 'unknown' }])
      await ledger.close()
    })

    it('forgets lost tries when one is settled, and not when a claim is given back', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock })
      const settle = async (result: 'failed' | 'released') =>
        ledger.settle([{ event, fence: fenceOf(await claimOne(ledger)), result, error: 'no' } as Settlement])
      await settle('failed')
      await claimOne(ledger)
      await clock.advance(LEASE_MS)
      await settle('released')
      expect(await claimOne(ledger)).toMatchObject({ failures: 1, failingForMs: LEASE_MS, lostTries: 1 })
      await clock.advance(LEASE_MS)
      const alone = await ledger.claimAlone(event, LEASE_MS)
      expect(alone).toMatchObject({ failures: 1, failingForMs: 2 * LEASE_MS, lostTries: 2 })
      await ledger.settle([{ event, fence: fenceOf(alone), result: 'failed', error: 'no' }])
      expect(await claimOne(ledger)).toMatchObject({ failures: 2, lostTries: 0 })
      await ledger.close()
    })

    it('counts a lost try of what was in hand when the process died, and keeps the count over a restart', async () => {
      const target = await make()
      const clock = new VirtualClock()
      const first = await target.open({ clock })
      expect(first.traits.survives.includes('receiver-crash')).toBe(target.openAfterDeath !== undefined)
      if (!target.openAfterDeath) return first.close()
      const events = ['applied', 'failed', 'released', 'buried', 'left'].map((id) => anEvent(id))
      const claims = await first.claim(events, LEASE_MS)
      await first.settle([
        { event: events[0]!, fence: fenceOf(claims[0]), result: 'applied', writes: [] },
        { event: events[1]!, fence: fenceOf(claims[1]), result: 'failed', error: 'no' },
        { event: events[2]!, fence: fenceOf(claims[2]), result: 'released' },
        { event: events[3]!, fence: fenceOf(claims[3]), result: 'buried', cause: 'permanent', reason: 'r' },
      ])
      const second = await target.openAfterDeath({ clock })
      await clock.advance(LEASE_MS)
      expect(await second.claim(events, LEASE_MS)).toMatchObject([
        { state: 'duplicate' },
        { state: 'new', failures: 1, lostTries: 0 },
        { state: 'new', failures: 0, lostTries: 0 },
        { state: 'duplicate' },
        { state: 'new', failures: 0, lostTries: 1 },
      ])
      await Promise.all([first.close(), second.close()])
    })
  })
}
