import { describe, expect, it } from 'vitest'
import { DIGEST_HEADER, NOT_COMPARED } from '../../src/core/base/copy-digest.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { KEPT_COPIES, type KeptCopy, type Ledger, type Settlement } from '../../src/core/contracts/ledger.ts'
import { anEvent } from '../events.ts'
import type { LedgerUnderTest } from './ledger.ts'

const LEASE_MS = 1_000
const TTL_MS = 10_000
const body = (text: string) => Buffer.from(text)
const DIFFERS = { state: 'duplicate', differs: true }
const SAME = { state: 'duplicate' }

async function claimOne(ledger: Ledger, event: WebhookEvent) {
  return (await ledger.claim([event], LEASE_MS))[0]!
}
async function settle(ledger: Ledger, event: WebhookEvent, result: 'applied' | 'buried' = 'applied') {
  const claim = await claimOne(ledger, event)
  if (claim.state !== 'new') throw new Error(`expected a new claim, got '${claim.state}'`)
  const ended = result === 'applied' ? { result, writes: [] } : { result, cause: 'permanent', reason: 'no' }
  await ledger.settle([{ event, fence: claim.fence, ...ended } as Settlement])
}

/** Tests that every ledger tells copies from other bodies under a known id. */
export function ledgerCopiesContract(name: string, make: () => Promise<LedgerUnderTest>): void {
  describe(`${name} tells a copy from another body under its id`, () => {
    const opened = async () => {
      const clock = new VirtualClock()
      return { clock, ledger: await (await make()).open({ clock, ttlMs: TTL_MS }) }
    }

    it('of an event that was applied, of one that was buried, and of one whose letter was forgotten', async () => {
      const { ledger } = await opened()
      for (const id of ['applied', 'buried', 'forgotten']) {
        const first = anEvent(id, { body: body('{"amount":100}') })
        await settle(ledger, first, id === 'applied' ? 'applied' : 'buried')
        if (id === 'forgotten') await ledger.forget(first.id)
        expect(await claimOne(ledger, { ...first, body: body('{"amount":100}') }), id).toEqual(SAME)
        expect(await claimOne(ledger, { ...first, body: body('{"amount":900}') }), id).toEqual(DIFFERS)
        // A copy that differs changes nothing.
        expect(await claimOne(ledger, first), id).toEqual(SAME)
      }
      await ledger.close()
    })

    it('also after a copy that differed has renewed the mark', async () => {
      const { clock, ledger } = await opened()
      const first = anEvent('1', { receivedAtMs: clock.now(), body: body('a') })
      await settle(ledger, first)
      await clock.advance(TTL_MS - 1)
      expect(await claimOne(ledger, { ...first, body: body('b') })).toEqual(DIFFERS)
      await clock.advance(TTL_MS - 1)
      expect(await claimOne(ledger, { ...first, receivedAtMs: clock.now() })).toEqual(SAME)
      await ledger.close()
    })

    it('by what its provider says that copies have in common, and not where nothing can be compared', async () => {
      const { ledger } = await opened()
      const given = (digest: string, text: string) =>
        anEvent('given', { body: body(text), headers: { [DIGEST_HEADER]: digest } })
      await settle(ledger, given('ffffffff', 'sent once'))
      expect(await claimOne(ledger, given('ffffffff', 'sent twice'))).toEqual(SAME)
      expect(await claimOne(ledger, given('0', 'sent once'))).toEqual(DIFFERS)
      expect(await claimOne(ledger, given(NOT_COMPARED, 'as a list writes it'))).toEqual(SAME)
      const listed = anEvent('listed', { headers: { [DIGEST_HEADER]: NOT_COMPARED } })
      await settle(ledger, listed)
      expect(await claimOne(ledger, anEvent('listed', { body: body('as the webhook brings it') }))).toEqual(SAME)
      await ledger.close()
    })

    it('and keeps the latest of those that it is given, bodies cut where they are long', async () => {
      const { clock, ledger } = await opened()
      const { copiesMax, bodyBytesMax } = KEPT_COPIES
      const long = Buffer.alloc(bodyBytesMax + 1, 'x')
      for (let at = 0; at < copiesMax + 3; at++) {
        await clock.advance(1)
        await ledger.keepCopy(anEvent(String(at), { body: at === copiesMax ? long : body(`${at}`) }))
      }
      const kept: KeptCopy[] = []
      for await (const copy of ledger.keptCopies()) kept.push(copy)
      const ids = kept.map(({ event }) => event.id)
      expect(ids).toEqual(Array.from({ length: copiesMax }, (_, at) => `test:${at + 3}`))
      expect(kept.at(-3)!.event.body).toHaveLength(bodyBytesMax)
      expect(String(Buffer.from(kept.at(-1)!.event.body))).toBe(String(copiesMax + 2))
      expect(kept.at(-1)!.atMs).toBe(clock.now())
      const letters: unknown[] = []
      for await (const letter of ledger.buried()) letters.push(letter)
      expect(letters).toEqual([])
      await ledger.close()
    })
  })
}
