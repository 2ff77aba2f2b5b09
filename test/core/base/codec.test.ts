import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, encodedBytes } from '../../../src/core/base/codec.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import { anEvent } from '../../events.ts'

const text = (maxLength: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength })
const events = fc.record({
  id: text(20),
  key: text(12),
  source: text(6),
  type: text(12),
  receivedAtMs: fc.double({ noNaN: true }),
  headers: fc.dictionary(text(8), fc.string({ maxLength: 50 }), { maxKeys: 8, noNullPrototype: true }),
  body: fc.uint8Array({ maxLength: 300 }),
})

describe('the codec', () => {
  it('gives back every event as it was', () => {
    fc.assert(
      fc.property(events, (event) => {
        const bytes = encode(event)
        expect(bytes.length).toBe(encodedBytes(event))
        const back = decode(bytes)
        expect({ ...back, body: [...back.body] }).toEqual({ ...event, body: [...event.body] })
      }),
    )
  })

  it("decodes damaged bytes to an event or says 'corrupt', and nothing else", () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat(400) })
    fc.assert(
      fc.property(events, change, (event, { at, to, cut }) => {
        const bytes = encode(event)
        bytes[at % bytes.length] = to
        try {
          decode(bytes.subarray(0, Math.max(0, bytes.length - (cut % 40))))
        } catch (error) {
          expect(error).toBeInstanceOf(FloodmarkError)
          expect((error as FloodmarkError).code).toBe('corrupt')
        }
      }),
    )
  })

  it('refuses every truncation and any byte behind the event', () => {
    const bytes = encode(anEvent('1', { headers: { a: 'b' } }))
    for (let length = 0; length < bytes.length; length++)
      expect(() => decode(bytes.subarray(0, length))).toThrow('no event')
    expect(() => decode(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('follow')
  })
})
