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
  const [notice, ...more] = sizeNotices(routes, MIB)
  expect(more).toEqual([])
  expect(notice).toBe(
    'route /github (github): it sends up to 25 MiB; what is above 1.00 MiB gets 413, and is not sent again:' +
      ' raise limits.bodyBytesMax (16 MiB at most), or accept that',
  )
  expect(sizeNotices(routes, 25 * MIB)).toEqual([])
  expect(sizeNotices([{ ...routes[1]!, bodyBytesMax: MIB / 2 }], 25 * MIB)[0]).toContain('above 512')
})
