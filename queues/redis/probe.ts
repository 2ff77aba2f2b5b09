/** A probe writes this beside the queue's keys, for so many ms. It is large enough to be refused where events would be. */
export const PROBE_VALUE = Buffer.alloc(4_096)
export const PROBE_KEPT_MS = 60_000
