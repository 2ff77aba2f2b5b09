import { type Backoff, backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import { type CrashPoint, nowhere } from './crash-point.ts'
import { FloodmarkError, messageOf } from './errors.ts'
import type { WebhookEvent } from './event.ts'
import type { Claim, Effect, Ledger, Settled, Settlement } from './ledger.ts'
import type { Delivery, Queue, Verdict } from './queue.ts'
import type { Random } from './random.ts'
import { CALL_LIMITS, partsOf, recordWrites } from './writes.ts'

export interface ProcessorOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effect
  readonly clock: Clock
  readonly random: Random
  /** Tries of one event before it is buried. */
  readonly attemptsMax: number
  readonly backoff: Backoff
  readonly batchEventsMax: number
  readonly handlersMax: number
  /** How long a claim and a delivery are ours, ms. */
  readonly leaseMs: number
  /** A try longer than this, ms, counts as failed; shorter than leaseMs. */
  readonly effectMs: number
  readonly signal: AbortSignal
  readonly crashPoint?: CrashPoint
}

/** Counts since the start. */
export interface ProcessorCounts {
  applied: number
  failed: number
  buried: number
  /** Deliveries of events that were settled before: absorbed. */
  duplicates: number
  /** Deliveries of events that another consumer held. */
  busy: number
}

export interface Processor {
  readonly counts: Readonly<ProcessorCounts>
  /** Resolves when the signal has aborted and every running batch is settled. Rejects when the queue gives up. */
  readonly done: Promise<void>
}

/** What became of one delivery: what to write, and what to tell the queue once it is written. */
interface Outcome {
  readonly settlement?: Settlement
  readonly verdict: Verdict
}

/** A held claim that is someone else's is looked at again after this long, ms. */
const BUSY_RETRY_MS = 250
const REASON_CHARS_MAX = 500

/** claim → effect → settle in one transaction; then backoff and another try, or a dead letter. */
export function startProcessor(options: ProcessorOptions): Processor {
  const { queue, ledger, crashPoint = nowhere } = options
  const counts: ProcessorCounts = { applied: 0, failed: 0, buried: 0, duplicates: 0, busy: 0 }

  async function handle(batch: readonly Delivery[]): Promise<readonly Verdict[]> {
    const events = batch.map((delivery) => delivery.event)
    const claims = await ledger.claim(events, options.leaseMs)
    crashPoint('after-claim')
    const outcomes = await runByKey(events, claims)
    crashPoint('after-effect')
    const verdicts = await settle(events, outcomes)
    crashPoint('after-settle')
    return verdicts
  }

  /** Different keys run side by side; events of one key one after the other, and none after one that must be retried. */
  async function runByKey(events: readonly WebhookEvent[], claims: readonly Claim[]): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(events.length)
    const positionsByKey = new Map<string, number[]>()
    for (const [position, event] of events.entries()) {
      const positions = positionsByKey.get(event.key)
      if (positions) positions.push(position)
      else positionsByKey.set(event.key, [position])
    }
    const running: Promise<void>[] = []
    for (const positions of positionsByKey.values()) running.push(runLane(positions, events, claims, outcomes))
    await Promise.all(running)
    return outcomes
  }

  async function runLane(
    positions: readonly number[],
    events: readonly WebhookEvent[],
    claims: readonly Claim[],
    outcomes: Outcome[],
  ): Promise<void> {
    let heldForMs: number | undefined
    for (const position of positions) {
      const event = events[position]!
      const claim = claims[position]!
      const outcome = heldForMs === undefined ? await run(event, claim) : hold(event, claim, heldForMs)
      outcomes[position] = outcome
      if (outcome.verdict !== 'ack') heldForMs ??= outcome.verdict.retryInMs
    }
  }

  async function run(event: WebhookEvent, claim: Claim): Promise<Outcome> {
    if (claim.state === 'duplicate') {
      counts.duplicates++
      return { verdict: 'ack' }
    }
    if (claim.state === 'busy') {
      counts.busy++
      return { verdict: { retryInMs: BUSY_RETRY_MS } }
    }
    const tx = recordWrites()
    const { fence } = claim
    try {
      const working = options.effect(event, tx)
      if (working) await within(options.effectMs, working, options.clock)
      return { settlement: { event, fence, result: 'applied', writes: tx.writes }, verdict: 'ack' }
    } catch (error) {
      const failures = claim.failures + 1
      const reason = messageOf(error).slice(0, REASON_CHARS_MAX)
      const hopeless = error instanceof FloodmarkError && error.code === 'rejected'
      if (hopeless || failures >= options.attemptsMax) {
        return { settlement: { event, fence, result: 'buried', reason }, verdict: 'ack' }
      }
      const retryInMs = backoffMs(failures, options.backoff, options.random)
      return { settlement: { event, fence, result: 'failed', error: reason }, verdict: { retryInMs } }
    }
  }

  /** An earlier event of the key must come first: give the claim back and come again with it. */
  function hold(event: WebhookEvent, claim: Claim, retryInMs: number): Outcome {
    const verdict = { retryInMs }
    if (claim.state !== 'new') return { verdict }
    return { settlement: { event, fence: claim.fence, result: 'released' }, verdict }
  }

  async function settle(events: readonly WebhookEvent[], outcomes: readonly Outcome[]): Promise<Verdict[]> {
    const settlements = outcomes.flatMap((outcome) => outcome.settlement ?? [])
    const settled: Settled[] = []
    for (const part of partsOf(settlements)) settled.push(...(await ledger.settle(part)))
    const verdicts: Verdict[] = []
    const heldForMs = new Map<string, number>()
    let next = 0
    for (const [position, { settlement, verdict }] of outcomes.entries()) {
      const { key } = events[position]!
      const held = settlement === undefined || settled[next++]!.held
      if (held && settlement) count(settlement.result)
      // A lost claim is another consumer's business now: look again later, and keep the key's order meanwhile.
      const wanted = held ? verdict : { retryInMs: BUSY_RETRY_MS }
      const earlierMs = heldForMs.get(key)
      const final = wanted === 'ack' && earlierMs !== undefined ? { retryInMs: earlierMs } : wanted
      if (final !== 'ack' && earlierMs === undefined) heldForMs.set(key, final.retryInMs)
      verdicts.push(final)
    }
    return verdicts
  }

  function count(result: Settlement['result']): void {
    if (result !== 'released') counts[result]++
  }

  const { handlersMax, leaseMs, signal } = options
  const batchEventsMax = Math.min(options.batchEventsMax, CALL_LIMITS.eventsMax)
  return { counts, done: queue.consume(handle, { batchEventsMax, handlersMax, leaseMs, signal }) }
}

function within(ms: number, working: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new FloodmarkError('timeout', `the effect took longer than ${ms} ms`)))
    working.then(resolve, reject).finally(cancel)
  })
}
