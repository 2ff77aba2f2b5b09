import { describe, expect, it } from 'vitest'
import { decodeDeadLetter, encodeDeadLetter } from '../../../src/core/base/dead-letter.ts'
import { FloodmarkError, messageOf } from '../../../src/core/contracts/errors.ts'
import { EVENT_LIMITS } from '../../../src/core/contracts/event.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const HOUR_MS = 3_600_000
const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v']))

class OddMessage extends Error {
  constructor(message: unknown) {
    super('')
    Object.defineProperty(this, 'message', { value: message })
  }
}
const THROWN: readonly (readonly [string, unknown])[] = [
  ['an Error whose message is an object', new OddMessage({ no: 'text' })],
  ['an Error whose message is undefined', new OddMessage(undefined)],
  ['an Error whose message cannot be shown', new OddMessage(Object.create(null))],
  ['an object without a prototype', Object.create(null)],
  ['nothing at all', undefined],
  ['a symbol', Symbol('s')],
  [
    'an object that throws when it is shown',
    {
      toString: () => {
        throw new Error('no')
      },
    },
  ],
]

describe('an event ends', () => {
  it.each(THROWN)('as a dead letter whose effect throws %s; its neighbours are applied once', async (_, thrown) => {
    const calls = new Map<string, number>()
    const run = await processing(({ id }, tx) => {
      calls.set(id, (calls.get(id) ?? 0) + 1)
      if (id === 'test:odd') throw thrown
      tx.append('done', Buffer.from(id))
    })
    await run.publish(anEvent('odd', { key: 'k' }), ...['1', '2', '3'].map((id) => anEvent(id, { key: `k${id}` })))
    await run.clock.advance(HOUR_MS)
    expect(await run.buried()).toMatchObject([
      { event: { id: 'test:odd' }, reason: expect.stringMatching(/^transient: /) },
    ])
    expect([...calls]).toEqual(
      expect.arrayContaining([
        ['test:1', 1],
        ['test:2', 1],
        ['test:3', 1],
      ]),
    )
    expect(run.counts.applied).toBe(3)
    await run.end()
  })

  it('applied whatever its effect returns', async () => {
    const list: string[] = []
    const effects = [({ id }: { id: string }) => list.push(id), () => 'text', () => null, () => 0]
    for (const effect of effects) {
      const run = await processing(effect as () => void)
      await run.publish(anEvent('1'))
      await run.clock.advance(HOUR_MS)
      expect(run.counts).toMatchObject({ applied: 1, failed: 0, buried: 0 })
      await run.end()
    }
    expect(list).toHaveLength(1)
  })

  it('applied although the search for gaps fails, and that is told', async () => {
    const errors: unknown[] = []
    const gaps = {
      onGap: () => {},
      sequenceOf: () => {
        throw new Error('no number')
      },
    }
    const run = await processing(() => {}, { gaps, onError: (error) => errors.push(messageOf(error)) })
    await run.publish(anEvent('1'))
    await run.clock.advance(HOUR_MS)
    expect(run.counts).toMatchObject({ applied: 1, failed: 0 })
    expect(errors).toEqual(['no number'])
    await run.end()
  })

  it('as a dead letter of a named effect with as many headers as an event may have', async () => {
    const refuse = () => {
      throw new FloodmarkError('rejected', 'no')
    }
    const run = await processing({ books: refuse, mail: () => {} })
    await run.publish(anEvent('1', { headers: headers(EVENT_LIMITS.headersMax) }))
    await run.clock.advance(HOUR_MS)
    const [letter] = await run.buried()
    expect(Object.keys(decodeDeadLetter(encodeDeadLetter(letter!)).event.headers)).toHaveLength(
      EVENT_LIMITS.headersMax + 1,
    )
    await run.end()
  })

  it('as a dead letter without its headers where these cannot be stored', async () => {
    const run = await processing(() => {
      throw new FloodmarkError('rejected', 'no')
    })
    await run.publish(anEvent('1', { headers: headers(EVENT_LIMITS.storedHeadersMax + 1) }))
    await run.clock.advance(HOUR_MS)
    const [letter] = await run.buried()
    expect(letter).toMatchObject({
      event: { id: 'test:1', headers: {} },
      reason: expect.stringContaining('without its headers'),
    })
    await run.end()
  })
})
