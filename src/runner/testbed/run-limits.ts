import type { ServiceLimits } from '../../core/service/limits.ts'

/**
 * What a run's service does otherwise than one in production. It gives up as soon as it may: an event that is planned to fail
 * always must be a dead letter before the run ends, where a service tries for a day. And its leases are short, so that a run can
 * wait for whatever comes again when one runs out; production's last 30 s.
 */
export function runLimits(quick: boolean): Pick<ServiceLimits, 'retryForMs' | 'backoff' | 'leaseMs' | 'effectMs'> {
  const leases = quick ? { leaseMs: 4_000, effectMs: 2_500 } : { leaseMs: 6_000, effectMs: 4_000 }
  return { retryForMs: 0, backoff: { baseMs: 50, capMs: 30_000 }, ...leases }
}

/**
 * So long after the last effect nothing comes again any more. BullMQ looks for lost jobs every quarter of a lease, Kafka takes
 * a consumer for dead after 6 s, the least that its brokers allow, and then needs a moment for its group.
 */
export function lookMsOf(leaseMs: number): number {
  return 1.25 * leaseMs + 2_000
}
