const S = 1
export const MIN = 60
export const HOUR = 3_600

export interface Schedule {
  /** Waits before attempts 2, 3, …, s: as documented, or as the model of what is not documented says. */
  readonly waitsS: readonly number[]
  /** Waits are uniform within ± this share. */
  readonly jitter?: number
  /** No more is sent after so long without a success, s. */
  readonly disabledAfterS?: number
}

const doubling = (firstS: number, count: number, mostS = Number.POSITIVE_INFINITY) =>
  Array.from({ length: count }, (_, at) => Math.min(mostS, firstS * 2 ** at))
const SVIX = [5 * S, 5 * MIN, 30 * MIN, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]

/** Written down from the providers' pages once more, so that a slip in a provider's file shows. */
export const SCHEDULES: Record<string, Schedule> = {
  adyen: {
    waitsS: [9, 9, 9, ...[2, 5, 10, 15, 30, 60, 120, 240].map((min) => min * MIN), ...Array(88).fill(8 * HOUR)],
  },
  cloudevents: {
    waitsS: [10, 30, ...[1, 5, 10, 30].map((min) => min * MIN), ...[1, 3, 6, 12].map((hours) => hours * HOUR)],
  },
  discord: { waitsS: doubling(4, 7) },
  generic: { waitsS: SVIX, jitter: 0.1 },
  github: { waitsS: [] },
  'label-studio': { waitsS: [] },
  paypal: { waitsS: doubling(MIN, 25, 239 * MIN) },
  razorpay: { waitsS: doubling(MIN, 10), disabledAfterS: 24 * HOUR },
  rfc9421: { waitsS: SVIX },
  shopify: { waitsS: [1, 2, 4, 8, 16, 32, 64, 113].map((min) => min * MIN), disabledAfterS: 4 * HOUR },
  slack: { waitsS: [0, MIN, 5 * MIN], disabledAfterS: HOUR },
  'standard-webhooks': { waitsS: SVIX, jitter: 0.1, disabledAfterS: 120 * HOUR },
  stripe: { waitsS: [5 * MIN, 30 * MIN, ...[2, 4, 8, 16, 24].map((hours) => hours * HOUR)] },
  twilio: { waitsS: [0] },
}
