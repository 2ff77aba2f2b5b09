import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import memory from '../../ledgers/memory.ts'
import { providers } from '../../providers/index.ts'
import { headerReader } from '../../src/core/base/headers.ts'
import { MARK_HEADER, markMsFor, resendingMs } from '../../src/core/base/mark-life.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { type Ledger, MARK_TTL_MS } from '../../src/core/contracts/ledger.ts'
import type { Provider, RetryPolicy } from '../../src/core/contracts/provider.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { toEvents } from '../../src/core/receiving/to-events.ts'

const HOUR_MS = 3_600_000
const NAMES = Object.keys(providers) as (keyof typeof providers)[]
const load = async (name: keyof typeof providers): Promise<Provider> => (await providers[name]()).default

/** The event as the receiver makes it of a provider's sample. */
function received(provider: Provider, receivedAtMs: number): WebhookEvent {
  const { signing } = provider.newSecret?.() ?? { signing: 'a secret of some length' }
  const secret = provider.secret(signing)
  const { type, body } = provider.sample(seeded(1), { id: 'a1', key: 'k1' })
  const signingAs = { id: 'a1', type, atMs: receivedAtMs, url: 'http://localhost/hook' }
  const raw = Buffer.from(provider.seal?.(body, secret, signingAs) ?? body)
  const headers = { host: 'localhost', ...provider.sign(raw, secret, signingAs) }
  const route = { path: '/hook', source: provider.name, provider, secrets: [secret] }
  return toEvents(route, { url: '/hook', header: headerReader(Object.entries(headers).flat()), raw, receivedAtMs })[0]!
}

async function claimed(ledger: Ledger, event: WebhookEvent): Promise<string> {
  const [claim] = await ledger.claim([event], 1_000)
  if (claim!.state === 'new') await ledger.settle([{ event, fence: claim!.fence, result: 'applied', writes: [] }])
  return claim!.state
}

/** What becomes of the last attempt of an event whose first one took effect, and of which none came between the two. */
async function lastAttempt(provider: Provider, asSeen: (event: WebhookEvent) => WebhookEvent = (event) => event) {
  const clock = new VirtualClock()
  const ledger = await memory.open({ url: '', namespace: 'remembered', clock })
  const take = () => claimed(ledger, asSeen(received(provider, clock.now())))
  await take()
  await clock.advance(resendingMs(provider.delivery))
  // An event of somebody else is settled first, and with it marks that have ended are removed.
  const other = { id: 'other:1', key: 'k', source: 'other', type: 't', headers: {}, body: Buffer.alloc(0) }
  await claimed(ledger, { ...other, receivedAtMs: clock.now() })
  return take()
}

describe.each(NAMES)('an event of %s', (name) => {
  it('is remembered until its last attempt has come, though none came before it', async () => {
    expect(await lastAttempt(await load(name))).toBe('duplicate')
  })
})

it('a ledger that keeps all marks equally long takes the last attempt of a long schedule for a new event', async () => {
  const withoutMark = (event: WebhookEvent) => ({ ...event, headers: { ...event.headers, [MARK_HEADER]: '' } })
  expect(await lastAttempt(await load('adyen'), withoutMark)).toBe('new')
})

it('README says for each provider how long its events are remembered', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const rows = await Promise.all(
    NAMES.map(async (name) => {
      const { delivery } = await load(name)
      return { name, sends: spanOf(delivery), kept: Math.max(MARK_TTL_MS, markMsFor(delivery)) / HOUR_MS }
    }),
  )
  const bySpan = Map.groupBy(rows, ({ sends, kept }) => `${sends} | ${kept} h`)
  for (const [span, same] of bySpan) {
    const row = `| ${same.map(({ name }) => `\`${name}\``).join(', ')} | ${span} |`
    expect(readme.replace(/ +/g, ' ')).toContain(row)
  }
})

/** For how long it sends an event again, as a person would say it. */
function spanOf(delivery: RetryPolicy): string {
  if (delivery.attemptsMax === 1) return 'never'
  const ms = resendingMs(delivery)
  return ms >= HOUR_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.max(1, Math.round(ms / 60_000))} min`
}
