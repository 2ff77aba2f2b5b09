import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import lmdb from '../../ledgers/lmdb.ts'
import stripe from '../../providers/stripe.ts'
import { post, shop } from '../product/shop.ts'

const example = readFileSync(resolve(import.meta.dirname, '../../examples/minimal/floodmark.config.ts'), 'utf8')

it('examples/minimal: an event of Stripe takes effect once, and the config has 20 lines at most', async () => {
  expect(example.split('\n').length).toBeLessThanOrEqual(20)
  const { folder, start } = shop('', {
    'floodmark.config.ts': example.replace('8080', '0').replace('0.0.0.0', '127.0.0.1'),
  })
  const secret = 'whsec_a-secret-of-some-length'
  const node = start('node', { STRIPE_WEBHOOK_SECRET: secret })
  const port = await node.port
  const { type, body } = stripe.sample(() => 0.5, { id: 'one', key: 'customer' })
  const signed = stripe.sign(Buffer.from(body), stripe.secret(secret), { id: 'one', type, atMs: Date.now() })
  for (let copy = 0; copy < 2; copy++) expect(await post(port, '/webhooks/stripe', Buffer.from(body), signed)).toBe(200)
  expect(await post(port, '/webhooks/stripe', Buffer.from('{}'), signed)).toBe(401)
  await node.stop()
  const ledger = await lmdb.open({ url: `${folder}/data/ledger`, namespace: 'floodmark' })
  const kept = await Array.fromAsync(ledger.items('events/'))
  await ledger.close()
  expect(kept.map(([name]) => name)).toEqual([`events/${type}`])
})
