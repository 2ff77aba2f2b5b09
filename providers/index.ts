/** Every provider by its name, loaded when asked for. */
export const providers = {
  generic: () => import('./generic.ts'),
  razorpay: () => import('./razorpay.ts'),
  github: () => import('./github.ts'),
  stripe: () => import('./stripe.ts'),
  shopify: () => import('./shopify.ts'),
  slack: () => import('./slack.ts'),
  'standard-webhooks': () => import('./standard-webhooks.ts'),
  cloudevents: () => import('./cloudevents.ts'),
  rfc9421: () => import('./rfc9421.ts'),
  discord: () => import('./discord.ts'),
  'label-studio': () => import('./label-studio.ts'),
  adyen: () => import('./adyen.ts'),
  paypal: () => import('./paypal.ts'),
  twilio: () => import('./twilio.ts'),
} as const
