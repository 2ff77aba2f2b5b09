import { describe, expect, it } from 'vitest'
import { takeoverDrainMs } from '../../../src/runner/compare/takeover.ts'
import { turn } from './made-up-turns.ts'

const KEPT = ['receiver-crash']
const FORGOTTEN: string[] = []

/** A run of the stack that is killed later, after one of another stack. */
function ran(queue: string[], ledger: string[]) {
  const basis = 'settings' as const
  const durability = { queue: { survives: queue, basis }, ledger: { survives: ledger, basis } }
  return [turn('another', 0), { ...turn('killed', 0), durability }]
}

describe('the wait for a stack that was killed', () => {
  it('is as long as any stack may take, where queue and ledger outlive their process', () => {
    expect(takeoverDrainMs('killed', ran(KEPT, KEPT))).toBeUndefined()
  })

  it.each([
    ['queue', ran(FORGOTTEN, KEPT)],
    ['ledger', ran(KEPT, FORGOTTEN)],
  ])('is short where the %s forgets: what is gone never comes', (_, turns) => {
    expect(takeoverDrainMs('killed', turns)).toBe(10_000)
  })

  it('is as long as any stack may take, where nothing is known of it', () => {
    expect(takeoverDrainMs('unseen', ran(FORGOTTEN, FORGOTTEN))).toBeUndefined()
  })
})
