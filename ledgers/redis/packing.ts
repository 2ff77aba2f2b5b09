import { digestOf } from '../../src/core/base/copy-digest.ts'
import { DEAD_LETTER_HEAD_BYTES, encodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { handledNumber } from '../../src/core/base/marks.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import type { Settlement } from '../../src/core/contracts/ledger.ts'

const RESULTS = { applied: 'a', failed: 'f', buried: 'b', released: 'r' } as const
const OPS = { put: 'p', increment: 'i', append: 'a' } as const

/** A settlement in the form that the script reads. `life`: how long its mark is kept, ms; empty: as long as every mark. */
export function pack(settlement: Settlement, life: string): (string | Buffer)[] {
  const { event, fence, result } = settlement
  const writes = result === 'applied' ? settlement.writes : []
  const letter = result === 'buried' ? encodeDeadLetter({ ...settlement, failures: 0, atMs: 0 }) : undefined
  const handled = result === 'applied' && settlement.handled ? handledNumber(settlement.handled) : ''
  const kept = result === 'applied' || result === 'buried' ? `${digestOf(event) ?? ''}:${life}:${handled}` : ''
  const args: (string | Buffer)[] = [event.id, laneOf(event), String(fence), RESULTS[result] + kept]
  args.push(letter?.subarray(DEAD_LETTER_HEAD_BYTES) ?? '', String(writes.length))
  for (const write of writes) {
    const value = write.op === 'increment' ? String(write.by) : asBuffer(write.value)
    args.push(OPS[write.op], write.name, value)
  }
  return args
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
