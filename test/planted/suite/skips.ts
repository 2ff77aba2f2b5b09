import { beforeAll, describe, it } from 'vitest'

it('passes', () => console.log('said by a file without a failure'))
it('says itself why it is skipped', ({ skip }) => skip('not for this queue'))

describe('a suite that takes long', { tags: 'full' }, () => {
  beforeAll(() => {
    throw new Error('set up although none of its tests runs')
  })
  it('is skipped', () => {})
  it('like the other', () => {})
})

describe('a suite that lacks something', { skip: true, meta: { missing: 'no such server' } }, () => {
  describe('with a suite of its own', () => {
    it('is skipped', () => {})
  })
})
