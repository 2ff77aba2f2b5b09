import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import stripe from '../../../providers/stripe.ts'
import { type Fault, kindOf } from '../../../src/runner/faults/index.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { type Simulated, simulate } from '../../../src/runner/simulation/simulate.ts'

const DURATION_MS = 20_000
const AT_MS = 5_000
const FOR_MS = 4_000

const play = (fault?: Fault, forMs = FOR_MS) =>
  simulate({
    seed: 5,
    scenario: {
      shape: () => 1,
      mix: [
        { provider: 'stripe', share: 1 },
        { provider: 'generic', share: 1 },
      ],
      keys: { count: 20, zipf: 0 },
      effects: { failOnce: 0, failAlways: 0 },
      faults: fault ? [{ ...fault, at: AT_MS / DURATION_MS, forMs }] : [],
      retries: { timeScale: 1_200, tailMs: 60_000 },
    },
    providers: [stripe, generic],
    durationMs: DURATION_MS,
    ratePerS: 20,
    services: 2,
    failureRates: NO_FAILURES,
    limits: { publishDeadlineMs: 2_000 },
  })

/** How the first attempts ended that were sent while the fault lasted, but for its edges. */
function during({ attempts }: Simulated) {
  const sent = attempts.filter(
    ({ attempt, sentMs }) => attempt === 1 && sentMs > AT_MS + 100 && sentMs < AT_MS + FOR_MS - 100,
  )
  const ended = (how: string) => sent.filter(({ outcome }) => outcome === how).length / sent.length
  const slowest = Math.max(...sent.map(({ sentMs, doneMs }) => doneMs - sentMs))
  return { accepted: ended('accepted'), refused: ended('refused'), unknown: ended('unknown'), slowest }
}

/** The longest time from the first accepted answer to the effect, ms. */
function lag({ attempts, effects }: Simulated) {
  const accepted = new Map<number, number>()
  for (const { seq, outcome, doneMs } of attempts) {
    if (outcome === 'accepted') accepted.set(seq, Math.min(doneMs, accepted.get(seq) ?? doneMs))
  }
  return Math.max(...effects.map(({ seq, atMs }) => atMs - (accepted.get(seq) ?? 0)))
}

/** No effect is later than this, ms, when nothing is wrong. */
const CALM_LAG_MS = 100
const ALL_REFUSED = (result: Simulated) => expect(during(result).refused).toBe(1)
/** Those that wait behind calls that time out, for as long as the fault lasts, are accepted after it. */
const MOSTLY_REFUSED = (result: Simulated) => expect(during(result).refused).toBeGreaterThan(0.5)
const HELD_UP = (result: Simulated) => expect(during(result).slowest).toBeGreaterThan(FOR_MS / 2)
const LATE_EFFECTS = (result: Simulated) => expect(lag(result)).toBeGreaterThan(1_000)

/** What must be seen of each kind of fault: one that leaves no mark is not played. */
const SEEN: { readonly [W in Fault['what']]: readonly [Fault, (result: Simulated) => void][] } = {
  kill: [
    [{ what: 'kill', strikes: 'stack' }, ALL_REFUSED],
    [{ what: 'kill', strikes: 'queue-server' }, ALL_REFUSED],
    [{ what: 'kill', strikes: 'ledger-server' }, LATE_EFFECTS],
  ],
  restart: [
    [{ what: 'restart', strikes: 'stack' }, ALL_REFUSED],
    [
      { what: 'restart', strikes: 'stack', each: true },
      (result) => {
        expect(result.crashes).toBe(2)
        expect(result.attempts.filter(({ outcome }) => outcome !== 'accepted')).toEqual([])
      },
    ],
  ],
  pause: [
    [{ what: 'pause', strikes: 'stack' }, HELD_UP],
    [{ what: 'pause', strikes: 'ledger-server' }, LATE_EFFECTS],
  ],
  stall: [[{ what: 'stall', strikes: 'receivers' }, HELD_UP]],
  'clock-jump': [
    // Both of these providers sign the time.
    [{ what: 'clock-jump', strikes: 'stack', byMs: 3_600_000 }, ALL_REFUSED],
  ],
  'slow-effects': [
    [{ what: 'slow-effects', strikes: 'processors', addMs: 1_200 }, LATE_EFFECTS],
    [{ what: 'slow-effects', strikes: 'processors', addMs: 1_200, key: 'k0' }, LATE_EFFECTS],
  ],
  'failing-effects': [
    [
      { what: 'failing-effects', strikes: 'processors', share: 0.75 },
      (result) => expect(lag(result)).toBeGreaterThan(2 * CALM_LAG_MS),
    ],
  ],
  'failing-ledger': [[{ what: 'failing-ledger', strikes: 'processors' }, LATE_EFFECTS]],
  poison: [
    [
      { what: 'poison', strikes: 'processors', provider: 'stripe', type: 'charge.succeeded' },
      ({ audit, buried }) => {
        expect(audit.buried).toBeGreaterThan(5)
        expect(new Set(buried.map(({ source, type }) => `${source} ${type}`))).toEqual(
          new Set(['stripe charge.succeeded']),
        )
      },
    ],
  ],
  throttle: [
    [
      { what: 'throttle', strikes: 'receivers', perS: 8 },
      (result) => expect(during(result).slowest).toBeGreaterThan(200),
    ],
  ],
  'slow-disk': [
    [
      { what: 'slow-disk', strikes: 'stack', addMs: 1_000 },
      (result) => expect(during(result).slowest).toBeGreaterThan(1_000),
    ],
    // Beyond the publish deadline: refused, and stored all the same.
    [{ what: 'slow-disk', strikes: 'stack', addMs: 3_000 }, MOSTLY_REFUSED],
  ],
  'full-disk': [[{ what: 'full-disk', strikes: 'stack' }, ALL_REFUSED]],
  latency: [
    [
      { what: 'latency', strikes: 'senders-link', addMs: 300, jitterMs: 50 },
      (result) => expect(during(result).slowest).toBeGreaterThan(600),
    ],
    [{ what: 'latency', strikes: 'ledger-link', addMs: 300, jitterMs: 50 }, LATE_EFFECTS],
  ],
  cut: [
    [{ what: 'cut', strikes: 'senders-link' }, ALL_REFUSED],
    [{ what: 'cut', strikes: 'queue-link' }, ALL_REFUSED],
  ],
  blackhole: [
    [{ what: 'blackhole', strikes: 'senders-link' }, (result) => expect(during(result).unknown).toBe(1)],
    [{ what: 'blackhole', strikes: 'ledger-link' }, LATE_EFFECTS],
  ],
  'drop-requests': [
    [{ what: 'drop-requests', strikes: 'senders-link' }, (result) => expect(during(result).unknown).toBe(1)],
    [{ what: 'drop-requests', strikes: 'queue-link' }, MOSTLY_REFUSED],
  ],
  'drop-replies': [
    [
      { what: 'drop-replies', strikes: 'senders-link' },
      (result) => {
        expect(during(result).unknown).toBe(1)
        expect(result.audit.duplicatesAbsorbed).toBeGreaterThan(0)
      },
    ],
    [{ what: 'drop-replies', strikes: 'ledger-link' }, LATE_EFFECTS],
  ],
}

describe('a fault in virtual time', () => {
  it('is the only cause of what the others show', async () => {
    const calm = await play()
    expect(during(calm)).toMatchObject({ accepted: 1 })
    expect(during(calm).slowest).toBeLessThan(500)
    expect(lag(calm)).toBeLessThan(CALM_LAG_MS)
    expect(calm.crashes).toBe(0)
  })

  for (const [fault, seen] of Object.values(SEEN).flat()) {
    it(`${Object.values(fault).join(' ')}: is felt, and nothing is lost by it`, async () => {
      const result = await play(fault)
      seen(result)
      expect(alarmsOf(result)).toEqual([])
      expect(result.audit.applied + result.audit.buried).toBe(result.audit.planned)
      if (!kindOf(fault).buries) expect(result.audit.buried).toBe(0)
    })
  }
})

it('services that were killed are back after just as long as the fault says, as in a real run', async () => {
  const { attempts } = await play({ what: 'kill', strikes: 'stack' }, 500)
  const refused = attempts.filter(({ outcome, sentMs }) => outcome === 'refused' && sentMs > AT_MS)
  expect(refused.length).toBeGreaterThan(0)
  expect(Math.max(...refused.map(({ sentMs }) => sentMs))).toBeLessThan(AT_MS + 501)
})
