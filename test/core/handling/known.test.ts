import { expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Effect, Effects, EventFate } from '../../../src/core/contracts/ledger.ts'
import { knownTo } from '../../../src/core/handling/known.ts'

const event = (id: string, type = 'paid') => ({ id, type, source: 's', key: 'k' }) as WebhookEvent
const isFor = (type: string): Effect =>
  Object.assign(() => {}, { limits: { isFor: (one: WebhookEvent) => one.type === type } })

/** `settled`: ids that took effect. */
function asking(effects: Effects, settled: readonly string[]) {
  const asked: string[] = []
  const lookup = async (ids: readonly string[]): Promise<readonly EventFate[]> => {
    asked.push(...ids)
    return ids.map((id) => ({ state: settled.includes(id) ? 'applied' : 'unknown' }))
  }
  return { asked, isKnown: knownTo({ lookup }, effects, new VirtualClock()) }
}

it.for([
  ['one effect', () => {}, ['s:a'], true],
  ['one effect that it had not', () => {}, [], false],
  ['several', { books: () => {}, mails: () => {} }, ['s:a#books', 's:a#mails'], true],
  ['several, one of which has not come to it', { books: () => {}, mails: () => {} }, ['s:a#books'], false],
  ['the one that it is for', { books: isFor('paid'), mails: isFor('refunded') }, ['s:a#books'], true],
  ['none that it is for', { mails: isFor('refunded') }, ['s:a'], true],
  ['one that was the only one before', { '': () => {}, mails: () => {} }, ['s:a', 's:a#mails'], true],
] as const)('an event is known when it took effect by %s', async ([, effects, settled, known]) => {
  expect(await asking(effects, settled).isKnown([event('s:a')])).toBe(known)
})

it('several events of one request are known when all of them are', async () => {
  expect(await asking(() => {}, ['s:a']).isKnown([event('s:a'), event('s:b')])).toBe(false)
})

it('a ledger that does not answer is waited for, told of once, and asked again after a while', async () => {
  const clock = new VirtualClock()
  let asked = 0
  const lookup = () => {
    asked++
    return asked === 1 ? new Promise<never>(() => {}) : Promise.resolve([{ state: 'applied' as const }])
  }
  const isKnown = knownTo({ lookup }, () => {}, clock)
  const late = expect(isKnown([event('s:a')])).rejects.toThrow('has not answered within 1000 ms')
  await clock.advance(1_000)
  await late
  expect([await isKnown([event('s:a')]), asked]).toEqual([false, 1])
  await clock.advance(1_000)
  expect([await isKnown([event('s:a')]), asked]).toEqual([true, 2])
})
