import { describe, expect, it } from 'vitest'
import { DEAD_LETTER_HEAD_BYTES, decodeDeadLetter, encodeDeadLetter } from '../../../src/core/base/dead-letter.ts'
import { BURIED_CAUSES } from '../../../src/core/contracts/ledger.ts'
import { anEvent } from '../../events.ts'

const letter = { event: anEvent('a'), reason: 'ünfit', failures: 3, atMs: 1_234.5 } as const

describe('a dead letter as bytes', () => {
  it.each(BURIED_CAUSES)('says that its cause is %s', (cause) => {
    expect(decodeDeadLetter(encodeDeadLetter({ ...letter, cause }))).toMatchObject({ ...letter, cause })
  })

  it('of an earlier version has a cause that is not known', () => {
    const bytes = encodeDeadLetter({ ...letter, cause: 'schema' })
    bytes.writeUInt16LE(Buffer.byteLength(letter.reason), DEAD_LETTER_HEAD_BYTES)
    expect(decodeDeadLetter(bytes)).toMatchObject({ ...letter, cause: 'unknown' })
  })

  it('has no room for a reason of more than 4,095 bytes', () => {
    const bytes = encodeDeadLetter({ ...letter, cause: 'transient', reason: 'x'.repeat(4_095) })
    expect(decodeDeadLetter(bytes).reason).toHaveLength(4_095)
    expect(() => encodeDeadLetter({ ...letter, cause: 'transient', reason: 'x'.repeat(4_096) })).toThrow('4096 bytes')
  })
})
