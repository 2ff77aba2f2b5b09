import { digestOf } from '../../src/core/base/copy-digest.ts'
import { DEAD_LETTER_HEAD_BYTES, encodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { handledNumber } from '../../src/core/base/marks.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import type { Settlement, Write } from '../../src/core/contracts/ledger.ts'
import { incremented } from '../../src/core/processing/writes.ts'

const RESULTS = { applied: 'a', failed: 'f', buried: 'b', released: 'r' } as const

/** What one settle call writes into effects: of each name one value, or one sum. */
interface Writes {
  readonly puts: ReadonlyMap<string, Buffer>
  readonly adds: ReadonlyMap<string, number>
  readonly items: readonly { readonly name: string; readonly value: Buffer }[]
}

/** A statement writes a row once, so a name's writes are put together. */
function together(writes: Iterable<Write>): Writes {
  const puts = new Map<string, Buffer>()
  const adds = new Map<string, number>()
  const items: { name: string; value: Buffer }[] = []
  for (const write of writes) {
    const { name } = write
    if (write.op === 'append') items.push({ name, value: asBuffer(write.value) })
    else if (write.op === 'put') {
      puts.set(name, asBuffer(write.value))
      adds.delete(name)
    } else if (puts.has(name)) puts.set(name, incremented(puts.get(name), write.by))
    else adds.set(name, (adds.get(name) ?? 0) + write.by)
  }
  return { puts, adds, items }
}

/** The values of the statement `settle` for these settlements. */
export function valuesOf(
  settlements: readonly Settlement[],
  lifeOf: (event: Settlement['event']) => number,
  nowMs: number | null,
  steadyMs: number,
  transaction: string | null,
): unknown[] {
  const { puts, adds, items } = together(settlements.flatMap((one) => (one.result === 'applied' ? one.writes : [])))
  return [
    settlements.map(({ event }) => event.id),
    settlements.map(({ fence }) => fence),
    settlements.map(({ result }) => RESULTS[result]),
    settlements.map(({ event }) => lifeOf(event)),
    settlements.map(({ event, result }) =>
      result === 'applied' || result === 'buried' ? (digestOf(event) ?? null) : null,
    ),
    settlements.map((one) => (one.result === 'buried' ? letterOf(one) : null)),
    nowMs,
    steadyMs,
    [...puts.keys()],
    [...puts.values()],
    [...adds.keys()],
    [...adds.values()],
    items.map(({ name }) => name),
    items.map(({ value }) => value),
    transaction,
    settlements.map((one) => (one.result === 'applied' && one.handled ? handledNumber(one.handled) : null)),
  ]
}

/** The server knows the time and the count. */
function letterOf(settlement: Extract<Settlement, { result: 'buried' }>): Buffer {
  return encodeDeadLetter({ ...settlement, failures: 0, atMs: 0 }).subarray(DEAD_LETTER_HEAD_BYTES)
}

/** A letter as `decodeDeadLetter` reads it. */
export function wholeLetter(atMs: number, failures: number, rest: Buffer): Buffer {
  const head = Buffer.alloc(DEAD_LETTER_HEAD_BYTES)
  head.writeDoubleLE(atMs, 0)
  head.writeUInt32LE(failures, 8)
  return Buffer.concat([head, rest])
}

export interface Settleable {
  readonly at: number
  readonly settlement: Settlement
  /** Given back, because of an earlier one. */
  readonly isBehind: boolean
}

/**
 * Those that can be settled when some claims are lost. Behind an event whose claim is lost its lane's later ones are given back:
 * they must not overtake it.
 */
export function withoutLost(
  settlements: readonly Settlement[],
  isHeld: (at: number) => boolean,
): readonly Settleable[] {
  const lost = new Set<string>()
  return settlements.flatMap((settlement, at): Settleable[] => {
    const lane = laneOf(settlement.event)
    if (!isHeld(at)) {
      lost.add(lane)
      return []
    }
    if (!lost.has(lane)) return [{ at, settlement, isBehind: false }]
    const { event, fence } = settlement
    return [{ at, settlement: { event, fence, result: 'released' }, isBehind: true }]
  })
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
