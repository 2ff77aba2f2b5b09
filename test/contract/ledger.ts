import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Claim, Ledger, Settlement, Tx } from '../../src/core/contracts/ledger.ts'
import { PendingWrites, RecordedTx } from '../../src/core/processing/writes.ts'
import { anEvent } from '../events.ts'

export interface LedgerUnderTest {
  open(options: { clock: VirtualClock; ttlMs?: number }): Promise<Ledger>
  /** What the next process finds when the one before died with its ledger open. Absent: nothing outlives the process. */
  openAfterDeath?(options: { clock: VirtualClock }): Promise<Ledger>
}
const LEASE_MS = 1_000

async function claimOne(ledger: Ledger, event: WebhookEvent): Promise<Claim> {
  return (await ledger.claim([event], LEASE_MS))[0]!
}
async function fence(ledger: Ledger, event: WebhookEvent): Promise<number> {
  const claim = await claimOne(ledger, event)
  if (claim.state !== 'new') throw new Error(`expected a new claim, got '${claim.state}'`)
  return claim.fence
}
function applied(event: WebhookEvent, fence: number, effect: (tx: Tx) => void = () => {}): Settlement {
  const tx = new RecordedTx()
  effect(tx)
  return { event, fence, result: 'applied', writes: tx.writes }
}
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Tests the contract of every ledger. */
export function ledgerContract(name: string, make: () => Promise<LedgerUnderTest>): void {
  describe(`${name} keeps the ledger contract`, () => {
    const event = anEvent('1', { headers: { 'x-a': 'b' }, body: Buffer.from([0, 255]) })

    it('gives a claim to one caller, and calls the id a duplicate once it is settled', async () => {
      const ledger = await (await make()).open({ clock: new VirtualClock() })
      const claims = await Promise.all(Array.from({ length: 50 }, () => claimOne(ledger, event)))
      expect(claims.filter(({ state }) => state === 'new')).toHaveLength(1)
      expect(claims.filter(({ state }) => state === 'busy')).toHaveLength(49)
      const won = claims.find((claim) => claim.state === 'new')!
      const settling = ledger.settle([applied(event, won.state === 'new' ? won.fence : 0)])
      expect((await settling)[0]).toEqual({ held: true, failures: 0 })
      expect((await claimOne(ledger, event)).state).toBe('duplicate')
      expect((await ledger.claim([anEvent('2'), anEvent('2')], LEASE_MS)).map(({ state }) => state)).toEqual([
        'new',
        'busy',
      ])
      await ledger.close()
      await ledger.close()
    })

    it('writes nothing for a caller that lost its claim', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock })
      const slow = await fence(ledger, event)
      await clock.advance(LEASE_MS)
      const quick = await fence(ledger, event)
      const write = (tx: Tx) => tx.increment('n', 1)
      expect(await ledger.settle([applied(event, slow, write)])).toEqual([{ held: false, failures: 0 }])
      expect(await ledger.read('n')).toBeUndefined()
      expect((await ledger.settle([applied(event, quick, write)]))[0]!.held).toBe(true)
      expect((await ledger.settle([applied(event, quick, write)]))[0]!.held).toBe(false)
      expect(String(await ledger.read('n'))).toBe('1')
      await ledger.close()
    })

    it('gives back the later events of a key when the claim of an earlier one is lost', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock })
      const [first, later, other] = [anEvent('a', { key: 'x' }), anEvent('b', { key: 'x' }), anEvent('c', { key: 'y' })]
      const slow = await fence(ledger, first)
      await clock.advance(LEASE_MS / 2)
      const [held, apart] = [await fence(ledger, later), await fence(ledger, other)]
      await clock.advance(LEASE_MS / 2)
      await fence(ledger, first)
      const write = (tx: Tx) => tx.increment('n', 1)
      const batch = [applied(first, slow, write), applied(later, held, write), applied(other, apart, write)]
      expect((await ledger.settle(batch)).map((one) => one.held)).toEqual([false, false, true])
      expect(String(await ledger.read('n'))).toBe('1')
      expect((await claimOne(ledger, later)).state).toBe('new')
      await ledger.close()
    })

    it('counts failures, buries an event with its history, and exhumes it', async () => {
      const clock = new VirtualClock(5_000)
      const ledger = await (await make()).open({ clock })
      await ledger.settle([{ event, fence: await fence(ledger, event), result: 'failed', error: 'no' }])
      expect(await claimOne(ledger, event)).toMatchObject({ state: 'new', failures: 1, failingForMs: 0 })
      await clock.advance(LEASE_MS)
      await ledger.settle([
        { event, fence: await fence(ledger, event), result: 'buried', cause: 'schema', reason: 'never' },
      ])
      const [letter] = await all(ledger.buried())
      expect(letter).toMatchObject({ cause: 'schema', reason: 'never', failures: 2, atMs: 5_000 + LEASE_MS })
      expect({ ...letter!.event, body: [...letter!.event.body] }).toEqual({ ...event, body: [0, 255] })
      expect((await claimOne(ledger, event)).state).toBe('duplicate')
      await ledger.exhume(event.id)
      expect(await all(ledger.buried())).toEqual([])
      expect(await claimOne(ledger, event)).toMatchObject({ state: 'new', failures: 0 })
      await ledger.close()
    })

    it('tells for how long an event has been failing since its first failure', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock })
      const settle = async (result: 'failed' | 'released') =>
        ledger.settle([{ event, fence: await fence(ledger, event), result, error: 'no' } as Settlement])
      for (const result of ['released', 'failed', 'failed', 'released'] as const) {
        await settle(result)
        await clock.advance(3_600_000)
      }
      expect(await claimOne(ledger, event)).toMatchObject({ state: 'new', failures: 2, failingForMs: 3 * 3_600_000 })
      await ledger.close()
    })

    it('forgets a dead letter and keeps its mark for its time, so a repeat is not a new event', async () => {
      const target = await make()
      const clock = new VirtualClock()
      const ledger = await target.open({ clock, ttlMs: 10_000 })
      await ledger.settle([{ event, fence: await fence(ledger, event), result: 'failed', error: 'no' }])
      await ledger.settle([
        { event, fence: await fence(ledger, event), result: 'buried', cause: 'permanent', reason: 'never' },
      ])
      await clock.advance(60_000)
      await ledger.forget(event.id)
      await ledger.forget('test:unknown')
      expect(await all(ledger.buried())).toEqual([])
      await clock.advance(9_000)
      expect((await claimOne(ledger, event)).state).toBe('duplicate')
      expect((await claimOne(ledger, anEvent('unknown'))).state).toBe('new')
      await ledger.exhume(event.id)
      expect((await claimOne(ledger, event)).state).toBe('duplicate')
      await clock.advance(10_001)
      const anew = { ...event, receivedAtMs: clock.now() }
      expect(await claimOne(ledger, anew)).toMatchObject({ state: 'new', failures: 0 })
      await ledger.close()
    })

    it('stores all of a settle call or nothing, and then gives the claims back', async () => {
      const ledger = await (await make()).open({ clock: new VirtualClock() })
      const impossible = anEvent('2', { headers: { long: 'x'.repeat(100_000) } })
      const first = applied(event, await fence(ledger, event), (tx) => tx.increment('n', 1))
      const second = {
        event: impossible,
        fence: await fence(ledger, impossible),
        result: 'buried',
        cause: 'permanent',
        reason: 'r',
      } as const
      const failed = await ledger.settle([first, second]).then(
        () => false,
        () => true,
      )
      expect(String(await ledger.read('n'))).toBe(failed ? 'undefined' : '1')
      expect((await claimOne(ledger, event)).state).toBe(failed ? 'new' : 'duplicate')
      await ledger.close()
    })

    it('lets running settlements finish when it is closed', async () => {
      const target = await make()
      const clock = new VirtualClock()
      const ledger = await target.open({ clock })
      const settling = ledger.settle([applied(event, await fence(ledger, event))])
      await ledger.close()
      expect((await settling)[0]!.held).toBe(true)
    })

    it('answers a probe with a write that no reader sees', async () => {
      const ledger = await (await make()).open({ clock: new VirtualClock() })
      for (let times = 0; times < 3; times++) await ledger.probe()
      const seen = [...(await all(ledger.scan(''))), ...(await all(ledger.items(''))), ...(await all(ledger.buried()))]
      expect(seen).toEqual([])
      await ledger.close()
    })

    it('puts, increments and appends in the order of the transactions', async () => {
      const ledger = await (await make()).open({ clock: new VirtualClock() })
      for (let n = 0; n < 1_200; n++) {
        const one = anEvent(`n${n}`)
        const effect = (tx: Tx) => {
          tx.put('last', Buffer.from([n & 255]))
          tx.increment('total', n)
          tx.append(`list/${n % 2}`, Buffer.from(String(n)))
        }
        await ledger.settle([applied(one, await fence(ledger, one), effect)])
      }
      expect(String(await ledger.read('total'))).toBe(String((1_199 * 1_200) / 2))
      expect((await all(ledger.scan(''))).map(([name]) => name)).toEqual(['last', 'total'])
      const items = (await all(ledger.items('list/'))).map(([name, value]) => `${name}=${Buffer.from(value)}`)
      const expected = [0, 1].flatMap((rest) => Array.from({ length: 600 }, (_, at) => `list/${rest}=${at * 2 + rest}`))
      expect(items).toEqual(expected)
      await ledger.close()
    })

    it('shows a transaction the committed values, the earlier writes of its batch, and its own', async () => {
      const ledger = await (await make()).open({ clock: new VirtualClock() })
      const first = anEvent('read-1', { key: 'read' })
      await ledger.settle([applied(first, await fence(ledger, first), (tx) => tx.increment('n', 5))])
      const pending = new PendingWrites()
      const earlier = new RecordedTx({ ledger, pending })
      earlier.increment('n', 2)
      earlier.put('name', Buffer.from('a'))
      pending.add(earlier.writes)
      const tx = new RecordedTx({ ledger, pending })
      tx.increment('n', 1)
      expect(String(await tx.read('n').then((value) => Buffer.from(value!)))).toBe('8')
      expect(String(await tx.read('name').then((value) => Buffer.from(value!)))).toBe('a')
      expect(await tx.read('never')).toBeUndefined()
      tx.put('n', Buffer.from('100'))
      tx.increment('n', 1)
      expect(String(await tx.read('n').then((value) => Buffer.from(value!)))).toBe('101')
      await ledger.close()
    })

    it('forgets a mark after its time, but not a dead letter', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock, ttlMs: 10_000 })
      const dead = anEvent('dead')
      await ledger.settle([
        applied(event, await fence(ledger, event)),
        { event: dead, fence: await fence(ledger, dead), result: 'buried', cause: 'permanent', reason: 'r' },
      ])
      await clock.advance(10_001)
      const other = anEvent('other')
      await ledger.settle([applied(other, await fence(ledger, other))])
      expect((await claimOne(ledger, { ...event, receivedAtMs: clock.now() })).state).toBe('new')
      expect((await claimOne(ledger, dead)).state).toBe('duplicate')
      await ledger.close()
    })

    it('keeps a mark for copies that were received before it ended, and while copies come', async () => {
      const clock = new VirtualClock()
      const ledger = await (await make()).open({ clock, ttlMs: 10_000 })
      expect(ledger.traits.ttlMs).toBe(10_000)
      const [waits, comes] = [anEvent('waits', { receivedAtMs: clock.now() }), anEvent('comes')]
      await ledger.settle([applied(waits, await fence(ledger, waits)), applied(comes, await fence(ledger, comes))])
      for (let times = 0; times < 5; times++) {
        await clock.advance(6_000)
        const copy = { ...comes, receivedAtMs: clock.now() }
        expect((await claimOne(ledger, copy)).state).toBe('duplicate')
      }
      // A queue held this copy for thirty seconds after the event was settled.
      expect((await claimOne(ledger, waits)).state).toBe('duplicate')
      await ledger.close()
    })

    it('keeps settled events over a restart, if its traits say so', async () => {
      const target = await make()
      const clock = new VirtualClock()
      const first = await target.open({ clock })
      await first.settle([applied(event, await fence(first, event), (tx) => tx.append('a', Buffer.from('x')))])
      await first.close()
      const second = await target.open({ clock })
      const survives = second.traits.survives.includes('receiver-crash')
      expect((await claimOne(second, event)).state).toBe(survives ? 'duplicate' : 'new')
      const next = anEvent('2')
      await second.settle([applied(next, await fence(second, next), (tx) => tx.append('a', Buffer.from('y')))])
      expect((await all(second.items('a'))).map(([, value]) => String(Buffer.from(value)))).toEqual(
        survives ? ['x', 'y'] : ['y'],
      )
      await second.close()
    })
  })
}
