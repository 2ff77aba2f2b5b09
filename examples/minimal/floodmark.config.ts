import { defineConfig } from 'floodmark'

/** All that a receiver of Stripe's webhooks needs: `STRIPE_WEBHOOK_SECRET=whsec_… npx floodmark node` in this folder. */
export default defineConfig({
  routes: {
    '/webhooks/stripe': {
      provider: 'stripe',
      secrets: { env: 'STRIPE_WEBHOOK_SECRET' },
      orderBy: 'data.object.customer',
    },
  },
  // The work: it takes effect once for each event, and events of one customer in their order.
  handlers: (event, tx) => tx.append(`events/${event.type}`, event.body),
  listen: { host: '0.0.0.0', port: 8080 },
})
