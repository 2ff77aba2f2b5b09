import { defineConfig } from 'floodmark'
import handlers from './handlers.ts'

/** DATABASE_URL and RAZORPAY_SECRET in the environment, `psql -f schema.sql`, and then: npx floodmark node */
export default defineConfig({
  routes: { '/webhooks/razorpay': { provider: 'razorpay', secrets: { env: 'RAZORPAY_SECRET' } } },
  queue: { use: 'postgres', url: { env: 'DATABASE_URL' } },
  ledger: { use: 'postgres', url: { env: 'DATABASE_URL' } },
  handlers,
})
