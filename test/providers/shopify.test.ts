import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import shopify from '../../providers/shopify.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { AT_MS, incoming, providerContract } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

interface Official {
  readonly ApiVersion: { readonly July26: string }
  readonly LogSeverity: { readonly Error: number }
  shopifyApi(options: object): {
    readonly webhooks: { validate(request: { rawBody: string; rawRequest: Request }): Promise<unknown> }
  }
}

providerContract(shopify, { signature: 'x-shopify-hmac-sha256', digest: /.+/ })

const SECRET = 'shpss_0123456789abcdef'
const secret = shopify.secret(SECRET)
const { type, body } = shopify.sample(seeded(1), { id: 'run1-1', key: 'k1' })

describe('shopify', () => {
  it(
    'is verified by the official package; node:crypto signs in its place, as that signs nothing',
    withOracles,
    async () => {
      oracle('@shopify/shopify-api/adapters/web-api')
      const { ApiVersion, LogSeverity, shopifyApi } = oracle<Official>('@shopify/shopify-api')
      const official = shopifyApi({
        apiKey: 'key',
        apiSecretKey: SECRET,
        hostName: 'hooks.example.com',
        apiVersion: ApiVersion.July26,
        isEmbeddedApp: false,
        logger: { level: LogSeverity.Error },
      })
      const headers = shopify.sign(body, secret, { id: 'run1-1', type, atMs: AT_MS })
      const validate = (raw: string) =>
        official.webhooks.validate({
          rawBody: raw,
          rawRequest: new Request('https://hooks.example.com/', { method: 'POST', headers, body: raw }),
        })
      const text = Buffer.from(body).toString()
      expect(await validate(text)).toMatchObject({ valid: true, eventId: 'run1-1', webhookId: 'run1-1' })
      expect(await validate(`${text} `)).toMatchObject({ valid: false, reason: 'invalid_hmac' })

      const theirs = createHmac('sha256', SECRET).update(body).digest('base64')
      for (const name of ['x-shopify-hmac-sha256', 'shopify-hmac-sha256']) {
        shopify.verify(incoming({ [name]: theirs }, body), [secret])
      }
    },
  )

  // Shopify's page on the structure of deliveries, and Shopify/shopify-app-js#3129: the event id is that of all that one action
  // causes, the webhook id that of a delivery.
  it('keeps apart what one action causes, and knows a delivery that comes again', () => {
    const idOf = (headers: Record<string, string>) => shopify.identify(incoming(headers, body)).id
    const one = { 'x-shopify-event-id': 'e1', 'x-shopify-webhook-id': 'w1', 'x-shopify-topic': 'products/update' }
    expect(idOf({ ...one, 'x-shopify-webhook-id': 'w2' })).not.toBe(idOf(one))
    expect(idOf({ ...one, 'x-shopify-triggered-at': 'later' })).toBe(idOf(one))
    const newer = { 'shopify-event-id': 'e1', 'shopify-webhook-id': 'w1', 'shopify-topic': 'products/update' }
    expect(idOf(newer)).toBe(idOf(one))
    // Where a proxy leaves one of them out.
    const { 'x-shopify-webhook-id': _, ...without } = one
    expect(idOf({ ...without, 'x-shopify-topic': 'orders/updated' })).not.toBe(idOf(without))
  })

  it('orders a refund behind its order, whose own id is beyond what a double holds', () => {
    const keyOf = (text: string) => shopify.identify(incoming({ 'x-shopify-event-id': 'e1' }, Buffer.from(text))).key
    const order = '{"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/5001"}'
    expect(keyOf('{"id":7,"order_id":5001,"admin_graphql_api_id":"gid://shopify/Refund/7"}')).toBe(keyOf(order))
    expect(keyOf('{"id":820982911946154508}')).toBe('820982911946154508')
    const large = '{"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/820982911946154509"}'
    for (const text of [large, `\ufeff${large}`]) {
      expect(keyOf('{"id":7,"order_id":820982911946154509}')).toBe(keyOf(text))
    }
    expect(keyOf('{"id":7,"order_id":820982911946154508}')).not.toBe(keyOf(large))
  })

  it('sends orders of 7 kB and products of 2 kB', () => {
    expectSizes(shopify, { 'orders/create': [6_900, 7_300], 'products/update': [1_800, 2_200] })
  })
})
