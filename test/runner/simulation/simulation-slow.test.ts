import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import stripe from '../../../providers/stripe.ts'
import memory from '../../../queues/memory.ts'
import type { Effect, Ledger, Settled } from '../../../src/core/contracts/ledger.ts'
import type { QueueDriver, Verdict } from '../../../src/core/contracts/queue.ts'
import { startProcessor } from '../../../src/core/processing/processor.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import type { PlannedFault } from '../../../src/runner/faults/index.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type Simulated, type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'

/** Slow and failing effects harm nobody's accounting: what they cost is asked for here, with and without a planted bug. */
const SEEDS = Array.from({ length: 8 }, (_, at) => at + 1)
const DURATION_MS = 20_000

interface Played {
  readonly result: Simulated
  /** Effects that ran to their end and could not be settled. */
  readonly wasted: number
  /** Times that an effect began. */
  readonly ran: number
}

async function play(
  seed: number,
  how: Partial<SimulationOptions> & { readonly faults?: readonly PlannedFault[]; readonly keys?: number },
): Promise<Played> {
  const { faults = [], keys = 20, ...over } = how
  let done = 0
  let ran = 0
  const start: typeof startProcessor = (options) => {
    const effect: Effect = (event, tx) => {
      ran++
      return (options.effect as Effect)(event, tx)
    }
    return (over.start ?? startProcessor)({ ...options, effect })
  }
  const counted: NonNullable<SimulationOptions['seenBy']> = (base, clock, ended) => {
    const seen = over.seenBy?.(base, clock, ended) ?? base
    const settle: Ledger['settle'] = (settlements) => {
      done += settlements.filter(({ result }) => result === 'applied').length
      return seen.ledger.settle(settlements)
    }
    const claim: Ledger['claim'] = (events, leaseMs) => seen.ledger.claim(events, leaseMs)
    const claimAlone: Ledger['claimAlone'] = (event, leaseMs) => seen.ledger.claimAlone(event, leaseMs)
    const properties = { claim: { value: claim }, claimAlone: { value: claimAlone }, settle: { value: settle } }
    return { ...seen, ledger: Object.create(seen.ledger, properties) }
  }
  const result = await simulate({
    seed,
    scenario: {
      shape: () => 1,
      mix: [
        { provider: 'stripe', share: 1 },
        { provider: 'generic', share: 1 },
      ],
      keys: { count: keys, zipf: 0 },
      effects: { failOnce: 0, failAlways: 0 },
      faults,
      retries: { timeScale: 1_200, tailMs: 60_000 },
    },
    providers: [stripe, generic],
    durationMs: DURATION_MS,
    ratePerS: 8,
    services: 1,
    failureRates: NO_FAILURES,
    ...over,
    seenBy: counted,
    start,
  })
  expect(alarmsOf(result)).toEqual([])
  return { result, wasted: done - result.audit.applied, ran }
}

const playAll = (how: Parameters<typeof play>[1]) => Promise.all(SEEDS.map((seed) => play(seed, how)))

/** The time from the accepted answer to the effect, of half of all events at most, ms. */
function medianLagMs({ attempts, effects }: Simulated): number {
  const accepted = new Map(attempts.map(({ seq, doneMs }) => [seq, doneMs]))
  const lags = effects.map(({ seq, atMs }) => atMs - accepted.get(seq)!)
  return lags.sort((a, b) => a - b)[Math.floor(lags.length / 2)]!
}

describe('a key whose effects are slow and that has a backlog', () => {
  const faults: PlannedFault[] = [
    { what: 'slow-effects', strikes: 'processors', addMs: 700, at: 0.1, forMs: 0.7 * DURATION_MS },
  ]

  it('has every effect once: none outlasts its lease', async () => {
    for (const { wasted } of await playAll({ faults, keys: 4 })) expect(wasted).toBe(0)
  })

  it('is seen to waste its effects where a lane does not end in time', async () => {
    const start: typeof startProcessor = (options) =>
      startProcessor({ ...options, clock: { ...options.clock, monotonic: () => 0 } })
    for (const { wasted } of await playAll({ faults, keys: 4, start })) expect(wasted).toBeGreaterThan(0)
  })
})

describe('some slow effects among many keys', () => {
  const failureRates = { ...NO_FAILURES, untilMs: DURATION_MS, effectsSlow: 0.2 }
  const how = {
    failureRates,
    keys: 1_000,
    ratePerS: 30,
    limits: { batchEventsMax: 16, effectMs: 4_000, leaseMs: 9_000 },
  }

  it('hold up their own keys only', async () => {
    for (const { result } of await playAll(how)) expect(medianLagMs(result)).toBeLessThan(50)
  })

  it('are seen to hold up others where a batch is judged as a whole', async () => {
    const start: typeof startProcessor = ({ queue, ...options }) => {
      const consume: typeof queue.consume = async (handle, limits) => {
        let running = 0
        return queue.consume(async (batch) => {
          while (running >= limits.handlersMax) await new Promise<void>((resolve) => options.clock.after(10, resolve))
          running++
          return handle(batch, () => {}).finally(() => running--)
        }, limits)
      }
      return startProcessor({ ...options, queue: Object.create(queue, { consume: { value: consume } }) })
    }
    for (const { result } of await playAll({ ...how, start })) expect(medianLagMs(result)).toBeGreaterThan(100)
  })
})

describe('an outage under little traffic', () => {
  const faults: PlannedFault[] = [
    { what: 'failing-effects', strikes: 'processors', share: 1, at: 0.2, forMs: 0.4 * DURATION_MS },
  ]
  const { retryForMs, attemptsMin, backoff } = SERVICE_DEFAULTS
  const little = { faults, ratePerS: 1, keys: 1_000 }

  it('buries nothing', async () => {
    const limits = { retryForMs, attemptsMin, backoff }
    for (const { result } of await playAll({ ...little, limits })) expect(result.audit.buried).toBe(0)
  })

  it('is seen to cost events where the tries are over within a second', async () => {
    const limits = { retryForMs: 0, attemptsMin, backoff: { baseMs: 50, capMs: 30_000 } }
    const all = await Promise.all(SEEDS.map((seed) => play(seed, { ...little, limits }).catch((error) => error)))
    for (const seen of all) expect(String(seen.message)).toMatch(/misjudged|unexpected/)
  })
})

describe('a ledger that can store nothing for a while', () => {
  const faults: PlannedFault[] = [{ what: 'failing-ledger', strikes: 'processors', at: 0.2, forMs: 0.4 * DURATION_MS }]

  it('has few effects twice: none runs until it can store', async () => {
    for (const { ran, result } of await playAll({ faults })) expect(ran).toBeLessThan(1.2 * result.audit.applied)
  })

  it('is seen to have them again and again where effects go on', async () => {
    const start: typeof startProcessor = ({ ledger, ...options }) => {
      const settle: Ledger['settle'] = (settlements) =>
        ledger.settle(settlements).catch(() => settlements.map((): Settled => ({ held: false, failures: 0 })))
      return startProcessor({ ...options, ledger: Object.assign(Object.create(ledger), { settle }) })
    }
    for (const { ran, result } of await playAll({ faults, start }))
      expect(ran).toBeGreaterThan(3 * result.audit.applied)
  })
})

describe('events that come twice in one batch', () => {
  const queue: QueueDriver = {
    ...memory,
    async open(options) {
      const opened = await memory.open(options)
      const { publish } = opened
      return Object.assign(opened, {
        publish: (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) =>
          publish.call(
            opened,
            events.flatMap((event) => [event, event]),
            limit,
          ),
      })
    },
  }
  const how = { queue, keys: 1, ratePerS: 40 }

  it('hold up nobody', async () => {
    for (const { result } of await playAll(how)) expect(medianLagMs(result)).toBeLessThan(10)
  })

  it('are seen to hold up their key where the second is taken for busy', async () => {
    const start: typeof startProcessor = ({ queue, ...options }) => {
      const consume: typeof queue.consume = (handle, limits) =>
        queue.consume(async (batch, tell) => {
          const verdicts = new Array<Verdict>(batch.length)
          const ids = batch.map(({ event }) => event.id)
          const judge = async (isCopy: boolean) => {
            const at = [...ids.keys()].filter((position) => ids.indexOf(ids[position]!) < position === isCopy)
            const judged =
              at.length > 0
                ? await handle(
                    at.map((position) => batch[position]!),
                    () => {},
                  )
                : []
            for (const [position, verdict] of judged.entries()) verdicts[at[position]!] = verdict
          }
          await Promise.all([judge(false), judge(true)])
          for (const [position, verdict] of verdicts.entries()) tell(position, verdict)
          return verdicts
        }, limits)
      return startProcessor({ ...options, queue: Object.create(queue, { consume: { value: consume } }) })
    }
    for (const { result } of await playAll({ ...how, start })) expect(medianLagMs(result)).toBeGreaterThan(50)
  })
})
