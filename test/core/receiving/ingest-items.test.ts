import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Identity, Provider } from '../../../src/core/contracts/provider.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'

const raw = Buffer.from('{"items":["a","b"]}')
const secret = generic.secret('a secret for tests')

/** Hands one request to an ingest whose provider finds these events in it; what was answered and what was stored. */
async function post(provider: Partial<Provider>, publish?: (event: WebhookEvent) => Promise<void>) {
  const stored: WebhookEvent[] = []
  const ingest = createIngest({
    routes: [{ path: '/in', source: 's', provider: { ...generic, verify() {}, ...provider }, secrets: [secret] }],
    publish: publish ?? (async (event) => void stored.push(event)),
    ready: async () => {},
    clock: systemClock,
  })
  const reply = await ingest.handle({ url: '/in', raw, receivedAtMs: 1, header: () => undefined })
  return { status: reply.status, stored }
}
const found = (...ids: string[]): Identity[] => ids.map((id) => ({ id, key: `key of ${id}`, type: 't' }))

describe('a request with several events', () => {
  it('becomes an event each, with the whole body and its position, once all are stored', async () => {
    const { status, stored } = await post({ identifyAll: () => found('a', 'b') })
    expect(status).toBe(200)
    expect(stored).toEqual([
      {
        id: 's:a',
        key: 'key of a',
        source: 's',
        type: 't',
        receivedAtMs: 1,
        headers: { 'x-floodmark-item': '0' },
        body: raw,
      },
      {
        id: 's:b',
        key: 'key of b',
        source: 's',
        type: 't',
        receivedAtMs: 1,
        headers: { 'x-floodmark-item': '1' },
        body: raw,
      },
    ])
  })

  it('is not accepted when one of them cannot be stored', async () => {
    const publish = async (event: WebhookEvent) => {
      if (event.id === 's:b') throw new Error('full')
    }
    expect(await post({ identifyAll: () => found('a', 'b') }, publish)).toMatchObject({ status: 503 })
  })

  it('stores none when one of them has no valid identity, and none is not an event accepted', async () => {
    expect(await post({ identifyAll: () => found('a', '') })).toEqual({ status: 400, stored: [] })
    expect(await post({ identifyAll: () => [] })).toEqual({ status: 400, stored: [] })
  })
})

it('a provider may want 204 for an event taken', async () => {
  expect(await post({ acceptedStatus: 204, identify: () => found('a')[0]! })).toMatchObject({ status: 204 })
})
