import type { ServiceLimits } from '../../core/service/limits.ts'

/**
 * How often a run's service tries what fails. What is planned to fail always must be a dead letter before the run ends, so
 * the day that a service tries for by default is none here: it gives up at the least number of tries, as soon as may be.
 */
export const RUN_RETRIES: Pick<ServiceLimits, 'retryForMs' | 'backoff'> = {
  retryForMs: 0,
  backoff: { baseMs: 50, capMs: 30_000 },
}
