import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import { headerReader } from '../../../src/core/base/headers.ts'
import type { Incoming } from '../../../src/core/contracts/incoming.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { forgedRequests, forgedRunIdOf, staleRequests } from '../../../src/runner/load/attack/forged.ts'
import { requestMaker } from '../../../src/runner/load/sender/request.ts'
import { seqOf } from '../../../src/runner/plan/identity.ts'

const RUN_ID = 'abcdef0123'
const HOST = '127.0.0.1:1'
const SEED = 7

function parse(bytes: Buffer): Incoming {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const [line, ...headers] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const flat = headers.flatMap((header) => [header.split(': ')[0]!, header.slice(header.indexOf(': ') + 2)])
  const raw = bytes.subarray(headEnd + 4)
  return { url: line!.split(' ')[1]!, header: headerReader(flat), raw, receivedAtMs: Date.now() }
}

describe.each(Object.entries(providers))('attacks on %s', async (name, load) => {
  const provider: Provider = (await load()).default
  const text = 'c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci10aGlzLXRlc3Q='
  const { signing, verifying } = provider.newSecret?.() ?? { signing: text, verifying: text }
  const routes = [{ path: `/webhooks/${name}`, provider, secret: provider.secret(signing) }]
  const verify = (bytes: Buffer) => provider.verify(parse(bytes), [provider.secret(verifying)])

  it('look like its good requests, which it takes', () => {
    const good = requestMaker({ runId: RUN_ID, seed: SEED, routes, scenario: {} })(HOST, 0, 1, 1, Date.now())
    expect(() => verify(good.bytes)).not.toThrow()
  })

  it('are all refused: another secret, no signature, a body changed after signing', () => {
    const { next } = forgedRequests(RUN_ID, { seed: SEED, routes })
    for (let n = 0; n < 30; n++) expect(() => verify(next(HOST, n)), `request ${n}`).toThrow()
  })

  it('are refused when rightly signed too long ago, where that is judged', () => {
    const { next, leftOut } = staleRequests(RUN_ID, { seed: SEED, routes })
    expect(leftOut).toHaveLength(next ? 0 : 1)
    if (next) expect(() => verify(next(HOST, 1))).toThrow(/timestamp/)
  })
})

it('what is forged is no event of the run, nor of its warm-up', () => {
  expect(seqOf(RUN_ID, `${forgedRunIdOf(RUN_ID)}-7`)).toBeUndefined()
  expect(seqOf(forgedRunIdOf(RUN_ID), `evt_${forgedRunIdOf(RUN_ID)}-7`)).toBe(7)
})
