import { expect, it } from 'vitest'
import { refusalLine } from '../../../src/product/service/refusal-words.ts'

const refusal = { path: '/in', source: 'stripe', status: 401, message: 'the signature matches no secret', accepted: 0 }

it('a refusal is one line: route, how many, why, and what to look at', () => {
  expect(refusalLine({ ...refusal, reason: 'mismatch', count: 37 })).toBe(
    'route /in (stripe): refused 37 requests since this was last said with 401: the signature matches no secret [mismatch].' +
      ' It has accepted none so far. What to look at: compare the secret with the sender’s, and see that no proxy changes the' +
      ' body or, where it is signed, the address.',
  )
  expect(refusalLine({ ...refusal, reason: 'ahead', count: 1, accepted: 9 })).not.toContain('accepted none')
  expect(refusalLine({ ...refusal, path: '/in/', source: undefined, reason: 'no-route', count: 1 })).toMatch(
    /^no route has the path \/in\/: refused a request \[no-route\]/,
  )
})
