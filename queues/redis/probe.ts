/** What a probe writes beside the queue's own keys, and how long it stays, ms. Long enough to be refused where events would be. */
export const PROBE_VALUE = Buffer.alloc(4_096)
export const PROBE_KEPT_MS = 60_000
