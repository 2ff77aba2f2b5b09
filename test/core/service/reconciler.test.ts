import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { providers } from '../../../providers/index.ts'
import { DIGEST_HEADER, NOT_COMPARED } from '../../../src/core/base/copy-digest.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import { MARK_TTL_MS } from '../../../src/core/contracts/ledger.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import {
  type ListedEvent,
  type ListPage,
  type ReconcilerOptions,
  startReconciler,
} from '../../../src/core/service/reconciler.ts'

const SECRET = 'a-secret-for-tests-only'
const route = { path: '/hook', source: 'shop', provider: generic, secrets: [generic.secret(SECRET)] }
const times = { everyMs: 1_000, overlapMs: 3_000, youngestMs: 200, horizonMs: 3_600_000, publishesPerS: 1_000_000 }

/** A provider's list, of pages of two, that shows an event when it is told to. */
function world(options: Partial<ReconcilerOptions> = {}) {
  const clock = new VirtualClock()
  const listed: (ListedEvent & { readonly id: string })[] = []
  const asked: { sinceMs: number; after: string | undefined }[] = []
  const published: WebhookEvent[] = []
  const errors: unknown[] = []
  const broken = { list: 0, publish: 0 }
  const show = (id: string, createdAtMs = clock.now()) => {
    const body = Buffer.from(JSON.stringify({ type: 'order.paid', key: 'k1' }))
    listed.push({ id, createdAtMs, headers: { 'x-webhook-id': id }, body })
    listed.sort((a, b) => a.createdAtMs - b.createdAtMs)
  }
  const page = async (sinceMs: number, after: string | undefined): Promise<ListPage> => {
    asked.push({ sinceMs, after })
    if (broken.list-- > 0) throw new FloodmarkError('unavailable', 'the list is down')
    const from = after === undefined ? 0 : listed.findIndex(({ id }) => id === after) + 1
    const events = listed.slice(from).filter(({ createdAtMs }) => createdAtMs >= sinceMs)
    return { events: events.slice(0, 2), next: events.length > 2 ? events[1]!.id : undefined }
  }
  const publish = async (event: WebhookEvent) => {
    if (broken.publish-- > 0) throw new FloodmarkError('overloaded', 'full')
    published.push(event)
  }
  const start = () => {
    const onError = (error: unknown) => errors.push(error)
    const common = { lists: [{ route, page }], publish, clock, random: seeded(1), onError, ...times }
    return startReconciler({ ...common, backoff: { baseMs: 100, capMs: 400 }, ...options })
  }
  const ids = () => published.map(({ id }) => id)
  return { clock, asked, published, errors, broken, show, start, ids }
}

describe('the reconciler', () => {
  it('publishes what the list holds over all of its pages, each once, however often it reads it', async () => {
    const { clock, show, start, ids, asked } = world()
    for (const id of ['a', 'b', 'c', 'd', 'e']) show(id)
    const reconciler = start()
    await clock.advance(5_000)
    expect(ids()).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `shop:${id}`))
    expect(asked.length).toBeGreaterThan(10)
    await reconciler.stop()
  })

  it('finds what the list shows late, behind what it showed before', async () => {
    const { clock, show, start, ids } = world()
    const reconciler = start()
    const bornMs = clock.now()
    await clock.advance(2_500)
    show('later', bornMs + 2_000)
    await clock.advance(1_000)
    show('earlier', bornMs + 500)
    await clock.advance(2_000)
    expect(ids()).toEqual(['shop:later', 'shop:earlier'])
    await reconciler.stop()
  })

  it('leaves an event alone whose webhook may be on its way', async () => {
    const { clock, show, start, ids } = world({ youngestMs: 1_500 })
    show('a')
    const reconciler = start()
    await clock.advance(1_100)
    expect(ids()).toEqual([])
    await clock.advance(1_000)
    expect(ids()).toEqual(['shop:a'])
    await reconciler.stop()
  })

  it('goes on after a list that fails, and after a queue that is full', async () => {
    const { clock, show, start, ids, broken, errors } = world()
    show('a')
    show('b')
    broken.list = 3
    broken.publish = 1
    const reconciler = start()
    await clock.advance(5_000)
    expect(ids().toSorted()).toEqual(['shop:a', 'shop:b'])
    expect(errors.length).toBe(4)
    await reconciler.stop()
  })

  it('reads from the horizon on after a start, and no older event', async () => {
    const { clock, show, start, ids } = world({ horizonMs: 10_000 })
    show('old')
    await clock.advance(10_001)
    show('new')
    const first = start()
    await clock.advance(2_000)
    await first.stop()
    const second = start()
    await clock.advance(2_000)
    expect(ids()).toEqual(['shop:new', 'shop:new'])
    await second.stop()
  })

  it('publishes no faster than it may', async () => {
    const { clock, show, start, ids } = world({ publishesPerS: 2 })
    for (let event = 0; event < 20; event++) show(`e${event}`)
    const reconciler = start()
    await clock.advance(4_000)
    expect(ids().length).toBeGreaterThanOrEqual(6)
    expect(ids().length).toBeLessThanOrEqual(10)
    await reconciler.stop()
  })

  it('skips what no webhook could be made of, and what no queue takes, and says so', async () => {
    const { clock, show, start, ids, errors } = world({
      publish: async () => {
        throw new FloodmarkError('too-large', 'above the limit')
      },
    })
    show('\n')
    show('a')
    const reconciler = start()
    await clock.advance(1_500)
    expect(ids()).toEqual([])
    expect(errors.map((error) => (error as FloodmarkError).code)).toContain('bad-request')
    expect(errors.filter((error) => (error as FloodmarkError).code === 'too-large').length).toBe(1)
    await reconciler.stop()
  })

  it('does not look back beyond what a ledger remembers', () => {
    expect(() => world({ horizonMs: MARK_TTL_MS }).start()).toThrow(/horizonMs and overlapMs/)
  })
})

describe.each(Object.entries(providers))('an event of %s found in the list', (name, load) => {
  it('is the one that its webhook brings', async () => {
    const { default: provider }: { default: Provider } = await load()
    const { signing, verifying } = provider.newSecret?.() ?? {
      signing: 'c2VjcmV0'.repeat(6),
      verifying: 'c2VjcmV0'.repeat(6),
    }
    const clock = new VirtualClock(1_750_000_000_000)
    const way = { path: '/hook', source: name, provider, secrets: [provider.secret(verifying)] }
    const sample = provider.sample(seeded(5), { id: 'run123-7', key: 'k3' })
    const signed = { id: 'run123-7', type: sample.type, atMs: clock.now(), url: 'http://h/hook' }
    const secret = provider.secret(signing)
    const body = provider.seal ? provider.seal(sample.body, secret, signed) : sample.body
    const lower = Object.entries(provider.sign(body, secret, signed)).map(([key, value]) => [key.toLowerCase(), value])
    const headers = Object.fromEntries(lower) as Record<string, string>

    const byWebhook: WebhookEvent[] = []
    const publish = async (event: WebhookEvent) => void byWebhook.push(event)
    const ingest = createIngest({ routes: [way], publish, ready: async () => {}, clock })
    const type = provider.contentType ?? 'application/json'
    const header = (of: string) => ({ ...headers, host: 'h', 'content-type': type })[of]
    const reply = await ingest.handle({ url: '/hook', header, raw: body, receivedAtMs: clock.now() })
    expect(reply.status).toBeLessThan(300)

    const byList: WebhookEvent[] = []
    const listed = { ...headers, 'content-type': type }
    const events = [{ createdAtMs: clock.now() - 1_000, headers: listed, body }]
    const reconciler = startReconciler({
      lists: [{ route: way, page: async () => ({ events, next: undefined }) }],
      publish: async (event) => void byList.push(event),
      clock,
      random: seeded(1),
      onError: (error) => {
        throw error
      },
      youngestMs: 0,
    })
    await clock.advance(10)
    await reconciler.stop()
    const who = ({ receivedAtMs: _, headers, ...rest }: WebhookEvent) => ({
      ...rest,
      headers: { ...headers, [DIGEST_HEADER]: '' },
    })
    expect(byList.map(who)).toEqual(byWebhook.map(who))
    // A list may write bodies otherwise than a webhook.
    for (const { headers } of byList) expect(headers[DIGEST_HEADER]).toBe(NOT_COMPARED)
    expect(byList.length).toBeGreaterThan(0)
  })
})
