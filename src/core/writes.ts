import { FloodmarkError } from './errors.ts'
import type { Tx, Write } from './ledger.ts'

/** Limits of what one effect may write. */
export const WRITE_LIMITS = { nameBytesMax: 200, valueBytesMax: 1024 * 1024, writesMax: 1_000 } as const

/** A transaction that only notes down; a ledger carries the notes out when it settles. @throws FloodmarkError 'misuse' beyond WRITE_LIMITS. */
export function recordWrites(): Tx & { readonly writes: readonly Write[] } {
  const writes: Write[] = []
  const add = (write: Write) => {
    checkName(write.name)
    if (write.op !== 'increment' && write.value.length > WRITE_LIMITS.valueBytesMax) {
      throw new FloodmarkError('misuse', `the value of '${write.name}' is above ${WRITE_LIMITS.valueBytesMax} bytes`)
    }
    if (writes.length === WRITE_LIMITS.writesMax) {
      throw new FloodmarkError('misuse', `one effect makes more than ${WRITE_LIMITS.writesMax} writes: split it`)
    }
    writes.push(write)
  }
  return {
    writes,
    put: (name, value) => add({ op: 'put', name, value }),
    increment(name, by) {
      if (!Number.isSafeInteger(by))
        throw new FloodmarkError('misuse', `'${name}' is incremented by ${by}: no safe integer`)
      add({ op: 'increment', name, by })
    },
    append: (name, value) => add({ op: 'append', name, value }),
  }
}

function checkName(name: string): void {
  const fits = name.length > 0 && name.length <= WRITE_LIMITS.nameBytesMax && !name.includes('\0')
  if (!fits || Buffer.byteLength(name) > WRITE_LIMITS.nameBytesMax) {
    throw new FloodmarkError(
      'misuse',
      `a name is 1-${WRITE_LIMITS.nameBytesMax} bytes without NUL: '${name.slice(0, 40)}'`,
    )
  }
}
