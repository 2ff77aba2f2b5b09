import { expect, it } from 'vitest'
import { withoutLast } from '../../../../src/runner/testbed/interventions/leave-core.ts'

it.each([
  ['0-1', '0'],
  ['0-3', '0-2'],
  ['0-2,5', '0-2'],
  ['1,3-4', '1,3'],
  ['2,6', '2'],
])('the cores %s without the last are %s', (list, fewer) => {
  expect(withoutLast(list)).toBe(fewer)
})
