import { expect, it } from 'vitest'
import { memoryBytes, shareOfHeap, shareOfMemory } from '../../../src/core/base/memory.ts'

const MIB = 2 ** 20

it('takes the container for the memory where it has less than the machine', () => {
  expect(memoryBytes(8_192 * MIB, 512 * MIB)).toBe(512 * MIB)
  expect(memoryBytes(8_192 * MIB, 0)).toBe(8_192 * MIB)
  expect(memoryBytes(8_192 * MIB, 2 ** 64)).toBe(8_192 * MIB)
})

it('gives shares in whole bytes, and no more than asked for', () => {
  expect(shareOfMemory(1 / 16, 1_000)).toBe(1_000)
  expect(shareOfHeap(1 / 16, 1_000)).toBe(1_000)
  expect(Number.isInteger(shareOfHeap(1 / 7))).toBe(true)
})
