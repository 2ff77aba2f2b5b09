import { peakOf } from '../plan/spike.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** The part of k6's options that an export sets. */
export interface K6Options {
  readonly scenarios: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly thresholds: Readonly<Record<string, readonly string[]>>
  readonly discardResponseBodies: true
}

/** A shape is taken as even over stretches; k6 counts whole arrivals in a time unit. */
const STRETCHES = 240
const STRETCH_MS_MIN = 250
const UNIT_S = 10
/** One VU has one request at a time. */
const VUS = { least: 50, most: 5_000 }

interface Shaped {
  readonly scenario: Pick<Scenario, 'shape' | 'passes'> & Scenario
  readonly durationMs: number
  readonly ratePerS: number
  readonly acceptP99Ms: number
  readonly timeoutMs: number
}

/** The arrivals of a scenario and its pass marks, as k6 has them. It sends evenly within a stretch, where our sender is Poisson. */
export function k6Options({ scenario, durationMs, ratePerS, acceptP99Ms, timeoutMs }: Shaped): K6Options {
  const peakPerS = peakOf(scenario) * ratePerS
  const stages = stretchesOf({ scenario, durationMs, ratePerS }).flatMap(({ perUnit, ms }) => [
    // At once, and then even.
    { target: perUnit, duration: '0s' },
    { target: perUnit, duration: `${ms}ms` },
  ])
  const vus = (heldMs: number) => Math.round(Math.min(VUS.most, Math.max(VUS.least, (1.2 * peakPerS * heldMs) / 1_000)))
  const refused = scenario.passes.refusals === 'allowed' ? {} : { http_req_failed: ['rate==0'] }
  return {
    scenarios: {
      floodmark: {
        executor: 'ramping-arrival-rate',
        startRate: stages[0]!.target,
        timeUnit: `${UNIT_S}s`,
        preAllocatedVUs: vus(acceptP99Ms),
        maxVUs: vus(Math.max(acceptP99Ms, timeoutMs)),
        stages,
        gracefulStop: `${timeoutMs + 1_000}ms`,
      },
    },
    thresholds: {
      'http_req_duration{expected_response:true}': [`p(99)<=${acceptP99Ms}`],
      ...refused,
      dropped_iterations: ['count==0'],
    },
    discardResponseBodies: true,
  }
}

/** How many iterations k6 starts: by the shape, and at most. */
export function iterationsOf(load: Pick<Shaped, 'scenario' | 'durationMs' | 'ratePerS'>) {
  const planned = stretchesOf(load).reduce((total, { perUnit, ms }) => total + (perUnit * ms) / (1_000 * UNIT_S), 0)
  return { planned, most: Math.ceil(planned * 1.002) + 10 }
}

function stretchesOf({ scenario, durationMs, ratePerS }: Pick<Shaped, 'scenario' | 'durationMs' | 'ratePerS'>) {
  const count = Math.max(1, Math.min(STRETCHES, Math.floor(durationMs / STRETCH_MS_MIN)))
  return Array.from({ length: count }, (_, at) => ({
    perUnit: Math.round(UNIT_S * ratePerS * Math.max(0, scenario.shape((at + 0.5) / count))),
    ms: Math.round(((at + 1) * durationMs) / count) - Math.round((at * durationMs) / count),
  }))
}
