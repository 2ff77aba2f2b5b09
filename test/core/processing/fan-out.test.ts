import { describe, expect, it } from 'vitest'
import { decode, encode } from '../../../src/core/base/codec.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Effect, Effects, Ledger } from '../../../src/core/contracts/ledger.ts'
import { CALL_LIMITS } from '../../../src/core/processing/writes.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const at = (key: string, id: string) => anEvent(id, { key })
const noteAs =
  (name: string): Effect =>
  (event, tx) =>
    tx.append(`${name}/${event.key}`, Buffer.from(event.id.slice(5)))
const fails: Effect = () => {
  throw new Error('down')
}

describe('an event with several named effects', () => {
  it('has each of them once, and one that fails is tried again alone', async () => {
    let failures = 2
    const mails: string[] = []
    const run = await processing({
      books: noteAs('books'),
      mail(event, tx) {
        mails.push(event.id)
        if (failures-- > 0) throw new Error('not yet')
        return noteAs('mail')(event, tx)
      },
    })
    await run.publish(at('k', 'a'), at('k', 'b'), at('l', 'c'))
    await run.clock.advance(5_000)
    expect(await run.items()).toEqual(['books/k=a', 'books/k=b', 'books/l=c', 'mail/k=a', 'mail/k=b', 'mail/l=c'])
    expect(run.counts).toMatchObject({ applied: 6, failed: 2, buried: 0 })
    expect(mails.filter((id) => id === 'test:a').length).toBeGreaterThan(1)
    expect(await run.queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
    await run.end()
  })

  it('is not acked before all are settled', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const run = await processing({ quick: noteAs('quick'), slow: () => promise })
    await run.publish(at('k', 'a'))
    await run.clock.advance(100)
    expect(await run.queue.depth()).toMatchObject({ inFlight: 1 })
    resolve()
    await run.clock.advance(10)
    expect(await run.queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
    await run.end()
  })

  it('leaves a dead letter for the one that failed, whose replay does that one only', async () => {
    let works = false
    const run = await processing({
      books: noteAs('books'),
      mail: (event, tx) => (works ? noteAs('mail')(event, tx) : fails(event, tx)),
    })
    await run.publish(at('k', 'a'))
    await run.clock.advance(5_000)
    const [letter] = await run.buried()
    expect(letter).toMatchObject({ event: { id: 'test:a#mail', key: 'k' }, reason: 'transient: down', failures: 4 })
    expect(await run.items()).toEqual(['books/k=a'])
    works = true
    await run.ledger.exhume(letter!.event.id)
    // As a queue would keep it.
    await run.publish(decode(encode(letter!.event)), at('k', 'a'))
    await run.clock.advance(5_000)
    expect(await run.items()).toEqual(['books/k=a', 'mail/k=a'])
    expect(run.counts.duplicates).toBe(1)
    expect(await run.buried()).toEqual([])
    await run.end()
  })

  it('cannot be told by its id that it is for one of them: only a dead letter says so', async () => {
    const run = await processing({ books: noteAs('books'), mail: noteAs('mail') })
    await run.publish(at('k', 'a#mail'))
    await run.clock.advance(100)
    expect(await run.items()).toEqual(['books/k=a#mail', 'mail/k=a#mail'])
    await run.end()
  })

  it('whose replayed effect is no longer there is buried with that reason', async () => {
    const first = await processing({ books: noteAs('books'), mail: fails })
    await first.publish(at('k', 'a'))
    await first.clock.advance(5_000)
    const [letter] = await first.buried()
    await first.end()
    for (const effects of [{ books: noteAs('books') }, noteAs('only')]) {
      const run = await processing(effects)
      await run.publish(letter!.event as WebhookEvent)
      await run.clock.advance(5_000)
      expect(await run.buried()).toMatchObject([{ reason: "permanent: no effect is named 'mail' any more" }])
      expect(await run.items()).toEqual([])
      await run.end()
    }
  })

  /** One event comes, and comes again when the effects are others. Gives what took effect the second time. */
  async function again(before: Effects, after: Effects): Promise<string[]> {
    const first = await processing(before)
    await first.publish(at('k', 'a'))
    await first.clock.advance(1_000)
    const had = await first.items()
    expect(had).not.toEqual([])
    await first.end()
    const second = await processing(after, { wrap: () => first.ledger })
    await second.publish(at('k', 'a'))
    await second.clock.advance(1_000)
    const has = await first.items()
    await second.end()
    return has.filter((item) => !had.includes(item))
  }

  it('has a renamed one again for what comes again, and none of the others', async () => {
    const [books, mail] = [noteAs('books'), noteAs('mail')]
    expect(await again({ books, mail }, { ledger: noteAs('ledger'), mail })).toEqual(['ledger/k=a'])
    expect(await again(books, { first: noteAs('first'), mail })).toEqual(['first/k=a', 'mail/k=a'])
    expect(await again({ books, mail }, noteAs('only'))).toEqual(['only/k=a'])
  })

  it("has an effect named '' once, also when it was the only one before, or is afterwards", async () => {
    const [same, mail] = [noteAs('same'), noteAs('mail')]
    expect(await again(same, { '': noteAs('anew'), mail })).toEqual(['mail/k=a'])
    expect(await again({ '': same, mail }, noteAs('anew'))).toEqual([])
    expect(await again({ '': same, mail }, { '': noteAs('anew'), mail: noteAs('anew') })).toEqual([])
  })

  it("replays the dead letter of an effect named ''", async () => {
    let works = false
    const effects: Effects = {
      '': (event, tx) => (works ? noteAs('first')(event, tx) : fails(event, tx)),
      mail: noteAs('mail'),
    }
    const run = await processing(effects)
    await run.publish(at('k', 'a'))
    await run.clock.advance(5_000)
    const [letter] = await run.buried()
    expect(letter!.event.id).toBe('test:a')
    works = true
    await run.ledger.exhume('test:a')
    await run.publish(decode(encode(letter!.event)))
    await run.clock.advance(1_000)
    expect((await run.items()).toSorted()).toEqual(['first/k=a', 'mail/k=a'])
    await run.end()
  })

  it('stays within what one call of the ledger takes, and within what is stored of an id', async () => {
    const sizes: number[] = []
    const wrap = (ledger: Ledger): Ledger =>
      Object.assign(Object.create(ledger), {
        settle: ledger.settle.bind(ledger),
        claim(events: readonly WebhookEvent[], leaseMs: number) {
          sizes.push(events.length)
          return ledger.claim(events, leaseMs)
        },
      })
    const names = Array.from({ length: 16 }, (_, n) => `${'e'.repeat(30)}${String(n).padStart(2, '0')}`)
    const effects = Object.fromEntries(names.map((name, n) => [name, n === 0 ? fails : noteAs(name)]))
    const run = await processing(effects, { wrap, batchEventsMax: 256 })
    const ids = Array.from({ length: 200 }, (_, n) => String(n).padStart(195, '0'))
    await run.publish(...ids.map((id) => at(id.slice(-128), id)))
    await run.clock.advance(10_000)
    expect(Math.max(...sizes)).toBe(CALL_LIMITS.eventsMax)
    expect(run.counts).toMatchObject({ applied: 200 * 15, buried: 200 })
    for (const { event } of await run.buried()) expect(decode(encode(event)).id).toBe(event.id)
    await run.end()
  })

  it('has a circuit for each: one that is down holds up no other', async () => {
    const run = await processing({ books: noteAs('books'), mail: fails }, { circuit: SERVICE_DEFAULTS.circuit })
    for (let n = 0; n < 100; n++) {
      await run.publish(at(`k${n}`, String(n)))
      await run.clock.advance(2)
    }
    expect(await run.items()).toHaveLength(100)
    expect(run.counts).toMatchObject({ circuitsOpened: 1, circuitsOpen: 1, buried: 0 })
    await run.end()
  })

  it.each([
    [{}, '0 effects'],
    [{ 'No Name': noteAs('x') }, "named 'No Name'"],
    [{ ['x'.repeat(33)]: noteAs('x') }, 'use 1-32'],
    [Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`e${n}`, noteAs('x')])), '17 effects'],
  ])('is refused at the start where the names are wrong', async (effects, message) => {
    await expect(processing(effects as Record<string, Effect>)).rejects.toThrow(message)
  })
})
