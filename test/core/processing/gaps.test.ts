import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { SEQUENCE_HEADER } from '../../../src/core/base/headers.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import { type Gap, type GapOptions, Gaps } from '../../../src/core/processing/gaps.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const numbered = (sequence: number, key = 'k') =>
  anEvent(`${key}-${sequence}`, { key, headers: { [SEQUENCE_HEADER]: String(sequence) } })

function looking(over: Partial<GapOptions> = {}) {
  const found: string[] = []
  const filled: string[] = []
  const options: GapOptions = {
    onGap: ({ key, expected, got }: Gap) => found.push(`${key} ${expected}-${got}`),
    onFilled: ({ key, sequence }) => filled.push(`${key} ${sequence}`),
    ...over,
  }
  const gaps = new Gaps(options)
  const see = (...sequences: number[]) => {
    for (const sequence of sequences) gaps.see(numbered(sequence), true)
  }
  return { gaps, found, filled, options, see }
}

describe('gaps', () => {
  it('are told once each, with what was expected; the first event of a key is taken as it comes', () => {
    const { found, filled, see } = looking()
    see(7, 8, 11, 12, 12, 8, 15)
    expect(found).toEqual(['k 9-11', 'k 13-15'])
    see(9, 9, 14, 3)
    expect(filled).toEqual(['k 9', 'k 14'])
    expect(found).toHaveLength(2)
  })

  it('follow from no event that was settled before', () => {
    const { gaps, found, see } = looking()
    gaps.see(numbered(2), false)
    see(5, 6)
    gaps.see(numbered(9), false)
    see(10, 12)
    expect(found).toEqual(['k 11-12'])
  })

  it('are found within a bound of keys: the quietest is forgotten, and starts anew', () => {
    const { gaps, found } = looking({ keysMax: 2 })
    for (const [key, sequence] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['c', 1],
      ['a', 4],
      ['b', 9],
    ] as const) {
      gaps.see(numbered(sequence, key), true)
    }
    expect(found).toEqual(['a 3-4'])
  })

  it('hold up nothing where an event has no number, or who is told throws', () => {
    const { gaps } = looking({
      onGap() {
        throw new Error('not now')
      },
    })
    gaps.see(anEvent('x'), true)
    gaps.see(anEvent('x', { headers: { [SEQUENCE_HEADER]: 'no number' } }), true)
    for (const sequence of [1, 3]) gaps.see(numbered(sequence), true)
    expect(gaps.found).toBe(1)
  })

  it('are those of a plain list of what was seen, whatever is missing, late, or comes again', () => {
    const near = fc.integer({ min: 0, max: 25 })
    const property = fc.property(
      fc.array(fc.record({ key: fc.constantFrom('a', 'b'), sequence: near }), { maxLength: 40 }),
      (events) => {
        const { gaps, found, filled } = looking()
        const expected = { found: [] as string[], filled: [] as string[] }
        const seen = { a: [] as number[], b: [] as number[] }
        for (const { key, sequence } of events) {
          gaps.see(numbered(sequence, key), true)
          const last = Math.max(...seen[key])
          if (seen[key].length > 0 && sequence > last + 1) expected.found.push(`${key} ${last + 1}-${sequence}`)
          const isLate = seen[key].length > 0 && sequence > seen[key][0]! && sequence < last
          if (isLate && !seen[key].includes(sequence)) expected.filled.push(`${key} ${sequence}`)
          seen[key].push(sequence)
        }
        expect({ found, filled }).toEqual(expected)
        expect([gaps.found, gaps.filled]).toEqual([found.length, filled.length])
      },
    )
    fc.assert(property, { numRuns: 500 })
  })
})

describe('a processor that looks for gaps', () => {
  it('tells of what never came, and not of retries, copies or several effects', async () => {
    const { found, filled, options } = looking()
    let failures = 3
    const flaky = () => {
      if (failures-- > 0) throw new Error('not yet')
    }
    const run = await processing({ flaky, steady: () => {} }, { gaps: options })
    await run.publish(...[1, 2, 2, 3, 4].map((sequence) => numbered(sequence)))
    await run.clock.advance(20)
    await run.publish(...[6, 4, 7].map((sequence) => numbered(sequence)))
    await run.clock.advance(10_000)
    expect(found).toEqual(['k 5-6'])
    await run.publish(numbered(5))
    await run.clock.advance(1_000)
    expect(filled).toEqual(['k 5'])
    expect(run.counts).toMatchObject({ gaps: 1, gapsFilled: 1, buried: 0 })
    await run.end()
  })

  it('reads the number where the user says', async () => {
    const { found, options } = looking({ sequenceOf: ({ body }) => JSON.parse(Buffer.from(body).toString()).n })
    const run = await processing(() => {}, { gaps: options })
    await run.publish(...[1, 3].map((n) => anEvent(String(n), { body: Buffer.from(`{"n":${n}}`) })))
    await run.clock.advance(100)
    expect(found).toEqual(['k1 2-3'])
    await run.end()
  })
})

it.each([
  ['7', '7'],
  ['"7"', '7'],
  ['0', '0'],
  ['-1', undefined],
  ['1.5', undefined],
  ['"x"', undefined],
  ['1e30', undefined],
])('a generic event whose signed body says sequence %s is stored with %s', async (text, stored) => {
  const published: WebhookEvent[] = []
  const secret = generic.secret('a secret for tests')
  const routes = [{ path: '/in', source: 'own', provider: generic, secrets: [secret] }]
  const publish = async (event: WebhookEvent) => void published.push(event)
  const clock = new VirtualClock()
  const ingest = createIngest({ routes, publish, ready: async () => {}, clock })
  const raw = Buffer.from(`{"key":"k","type":"t","sequence":${text}}`)
  const headers: Record<string, string> = {
    ...generic.sign(raw, secret, { id: 'a', type: 't', atMs: clock.now() }),
    [SEQUENCE_HEADER]: '99',
  }
  const header = (name: string) => headers[name]
  expect(await ingest.handle({ url: '/in', header, raw, receivedAtMs: clock.now() })).toMatchObject({ status: 200 })
  expect(published[0]!.headers[SEQUENCE_HEADER]).toBe(stored)
})
