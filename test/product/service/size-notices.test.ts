import { expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import stripe from '../../../providers/stripe.ts'
import { sizeNotices } from '../../../src/product/service/size-notices.ts'

const MIB = 1024 * 1024

it('a sender of longer bodies than are taken is told of at the start', () => {
  const routes = [
    { path: '/stripe', source: 'stripe', provider: stripe },
    { path: '/github', source: 'github', provider: github },
  ]
  const [notice, ...more] = sizeNotices(routes, MIB, 32 * MIB)
  expect(more).toEqual([])
  expect(notice).toBe(
    'route /github (github): it sends up to 25 MiB; what is above 1.00 MiB gets 413, and is not sent again:' +
      ' set limits.bodyBytesMax to 26214400, or accept that',
  )
  expect(sizeNotices(routes, 25 * MIB, 32 * MIB)).toEqual([])
  expect(sizeNotices([{ ...routes[1]!, bodyBytesMax: MIB / 2 }], 25 * MIB, 32 * MIB)[0]).toContain('above 512')
  expect(sizeNotices(routes, MIB, 16 * MIB)[0]).toContain('this queue takes 16 MiB: choose another, or accept that')
})
