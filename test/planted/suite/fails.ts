import { beforeAll, describe, expect, it } from 'vitest'

it('fails', () => {
  console.log('said by a file with a failure')
  expect({ count: 1 }).toEqual({ count: 2 })
})

describe('a suite that cannot be set up', () => {
  beforeAll(() => {
    throw new Error('no broker')
  })
  it('is cut off', () => {})
  it('like the other', () => {})
})
