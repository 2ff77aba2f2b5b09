import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MARK_HEADER } from '../../src/core/base/mark-life.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Claim, Ledger, Settlement } from '../../src/core/contracts/ledger.ts'
import { anEvent } from '../events.ts'
import type { LedgerUnderTest } from './ledger.ts'

const LEASE_MS = 1_000
const TTL_MS = 10_000
const LONG_MS = 60_000

async function settled(ledger: Ledger, event: WebhookEvent, result: 'applied' | 'buried' = 'applied'): Promise<Claim> {
  const [claim] = await ledger.claim([event], LEASE_MS)
  if (claim!.state !== 'new') return claim!
  const { fence } = claim!
  const ended = result === 'applied' ? { result, writes: [] } : { result, cause: 'permanent', reason: 'no' }
  await ledger.settle([{ event, fence, ...ended } as Settlement])
  return claim!
}

/** A clock whose wall time somebody sets wrong. */
class SteppedClock extends VirtualClock {
  offsetMs = 0
  override now(): number {
    return super.now() + this.offsetMs
  }
}

/** Tests how long every ledger remembers. */
export function ledgerMarksContract(name: string, make: () => Promise<LedgerUnderTest>): void {
  describe(`${name} keeps marks as long as their senders go on`, () => {
    const at = (clock: VirtualClock, id: string, lifeMs?: number) =>
      anEvent(id, { receivedAtMs: clock.now(), headers: lifeMs === undefined ? {} : { [MARK_HEADER]: `${lifeMs}` } })
    const opened = async () => {
      const clock = new VirtualClock()
      return { clock, ledger: await (await make()).open({ clock, ttlMs: TTL_MS }) }
    }

    it('keeps the mark of one that says so, beside others that end earlier', async () => {
      const { clock, ledger } = await opened()
      await settled(ledger, at(clock, 'long', LONG_MS))
      await settled(ledger, at(clock, 'short'))
      await settled(ledger, at(clock, 'less than every mark', 1))
      await clock.advance(TTL_MS - 1)
      expect(await settled(ledger, at(clock, 'less than every mark', 1))).toEqual({ state: 'duplicate' })
      await clock.advance(2)
      // Something is settled meanwhile, and with it old marks are removed.
      await settled(ledger, at(clock, 'other'))
      expect(await settled(ledger, at(clock, 'short'))).toMatchObject({ state: 'new' })
      await clock.advance(LONG_MS - TTL_MS - 2)
      await settled(ledger, at(clock, 'another'))
      expect(await settled(ledger, at(clock, 'long', LONG_MS))).toEqual({ state: 'duplicate' })
      await ledger.close()
    })

    it('renews it for as long again, and ends it then', async () => {
      const { clock, ledger } = await opened()
      await settled(ledger, at(clock, 'long', LONG_MS))
      await clock.advance(LONG_MS / 2 + 1)
      expect(await settled(ledger, at(clock, 'long', LONG_MS))).toEqual({ state: 'duplicate' })
      await clock.advance(LONG_MS - 1)
      await settled(ledger, at(clock, 'other'))
      const late = at(clock, 'long', LONG_MS)
      expect(await settled(ledger, { ...late, receivedAtMs: clock.now() })).toEqual({ state: 'duplicate' })
      await clock.advance(LONG_MS + 1)
      await settled(ledger, at(clock, 'other'))
      expect(await settled(ledger, at(clock, 'long', LONG_MS))).toMatchObject({ state: 'new' })
      await ledger.close()
    })

    it('keeps the mark of a dead letter that is forgotten as long as its sender goes on', async () => {
      const { clock, ledger } = await opened()
      await settled(ledger, at(clock, 'dead', LONG_MS), 'buried')
      await ledger.forget('test:dead')
      await clock.advance(LONG_MS - 1)
      await settled(ledger, at(clock, 'other'))
      expect(await settled(ledger, at(clock, 'dead', LONG_MS))).toEqual({ state: 'duplicate' })
      await ledger.close()
    })

    it('ends and deletes none by a clock that is set forward for a while, nor shortens one by a clock set back', async () => {
      const clock = new SteppedClock()
      const ledger = await (await make()).open({ clock, ttlMs: 1_000 * TTL_MS })
      await settled(ledger, at(clock, 'before'))
      clock.offsetMs = 10_000 * TTL_MS
      await settled(ledger, at(clock, 'while forward'))
      expect(await settled(ledger, at(clock, 'before'))).toEqual({ state: 'duplicate' })
      clock.offsetMs = -900 * TTL_MS
      await settled(ledger, at(clock, 'while back'))
      clock.offsetMs = 0
      await clock.advance(999 * TTL_MS)
      await settled(ledger, at(clock, 'other'))
      for (const id of ['before', 'while forward', 'while back']) {
        expect(await settled(ledger, at(clock, id)), id).toEqual({ state: 'duplicate' })
      }
      await ledger.close()
    })

    it('absorbs each copy within its mark, and no later one, whatever marks live beside it', async () => {
      const lives = [undefined, 4 * TTL_MS, LONG_MS]
      const steps = fc.array(
        fc.record({ id: fc.nat(5), waitMs: fc.constantFrom(1, 500, 4_000, TTL_MS, 2 * TTL_MS, LONG_MS) }),
        { minLength: 5, maxLength: 30 },
      )
      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          const { clock, ledger } = await opened()
          const ends = new Map<number, number>()
          for (const { id, waitMs } of taken) {
            await clock.advance(waitMs)
            const lifeMs = lives[id % lives.length]
            const claim = await settled(ledger, at(clock, String(id), lifeMs))
            const now = clock.now()
            const leftMs = (ends.get(id) ?? 0) - now
            expect(claim.state).toBe(leftMs > 0 ? 'duplicate' : 'new')
            const life = lifeMs ?? TTL_MS
            if (leftMs < life / 2) ends.set(id, now + life)
          }
          await ledger.close()
        }),
        { numRuns: 20 },
      )
    })
  })
}
