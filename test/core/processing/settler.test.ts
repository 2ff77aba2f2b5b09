import { expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { nowhere } from '../../../src/core/contracts/crash-point.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Ledger, Settlement } from '../../../src/core/contracts/ledger.ts'
import { Settler } from '../../../src/core/processing/settler.ts'
import { CALL_LIMITS } from '../../../src/core/processing/writes.ts'
import { anEvent } from '../../events.ts'

it('gives back what a lane has in later parts once an earlier one could not be stored: nothing overtakes it', async () => {
  const calls: string[][] = []
  const settle = async (part: readonly Settlement[]) => {
    calls.push(part.map(({ event, result }) => `${event.key} ${result}`))
    if (calls.length === 1) throw new FloodmarkError('unavailable', 'the disk is full')
    return part.map(() => ({ held: true, failures: 0 }))
  }
  const clock = new VirtualClock()
  const outage = { stored() {}, failed() {} }
  const settler = new Settler({
    ledger: { settle } as unknown as Ledger,
    clock,
    callsMax: 1,
    outage,
    crashPoint: nowhere,
  })
  const lane = (key: string, count: number) =>
    Array.from({ length: count }, (_, n): Settlement => {
      return { event: anEvent(`${key}${n}`, { key }), fence: 1, result: 'applied', writes: [] }
    })
  const long = settler.settle(lane('long', CALL_LIMITS.eventsMax + 1))
  const other = settler.settle(lane('other', 1))
  settler.flush()
  await Promise.all([long.answered, other.answered])
  expect(() => long.settled).toThrow('the disk is full')
  expect(other.settled).toHaveLength(1)
  expect(calls[1]).toEqual(['long released', 'other applied'])
})
