import type { ServiceLimits } from '../../core/service/limits.ts'

/**
 * How often a run's service tries again. An event that is planned to fail always must be a dead letter before the run ends. A
 * service tries for a day by default; here it gives up after the least number of tries, as soon as it may.
 */
export const RUN_RETRIES: Pick<ServiceLimits, 'retryForMs' | 'backoff'> = {
  retryForMs: 0,
  backoff: { baseMs: 50, capMs: 30_000 },
}
