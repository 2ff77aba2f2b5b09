import { type Backoff, backoffMs } from '../base/backoff.ts'
import { within } from '../base/within.ts'
import type { Clock } from '../contracts/clock.ts'
import { type CrashPoint, nowhere } from '../contracts/crash-point.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Claim, Effects, Ledger, Settled, Settlement } from '../contracts/ledger.ts'
import type { Delivery, Queue, Verdict } from '../contracts/queue.ts'
import type { Random } from '../contracts/random.ts'
import type { Circuit, CircuitLimits } from './circuit.ts'
import { FanOut, type Task, verdictsOf } from './fan-out.ts'
import { type GapOptions, Gaps } from './gaps.ts'
import { type Classify, retryClassOf } from './retry-class.ts'
import { CALL_LIMITS, partsOf, recordWrites } from './writes.ts'

export interface ProcessorOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effects
  /** Which of the effect's errors are worth another try. Default: all but FloodmarkError 'rejected'. */
  readonly classify?: Classify
  /** When to pause an effect that fails whatever the event. Absent: never. */
  readonly circuit?: CircuitLimits
  /** Who is told of numbers that a sender gave out and that did not come. Absent: nobody looks. */
  readonly gaps?: GapOptions
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
  /** Told of events that the queue cannot deliver. */
  readonly onError?: (error: unknown) => void
}

/** Counts since the start. With several named effects each is applied, fails and is buried by itself; deliveries are not. */
export interface ProcessorCounts {
  applied: number
  failed: number
  buried: number
  /** Deliveries of events that were settled before: absorbed. */
  duplicates: number
  /** Deliveries of events that another consumer held. */
  busy: number
}

export interface ProcessorState extends ProcessorCounts {
  /** Times that a circuit opened: an effect was paused because what it depends on seemed to be down. */
  readonly circuitsOpened: number
  /** Effects that are paused now. */
  readonly circuitsOpen: number
  /** Gaps in the numbers of senders that number their events, and missing numbers that came after all. */
  readonly gaps: number
  readonly gapsFilled: number
}

export interface Processor {
  readonly counts: Readonly<ProcessorState>
  /** Resolves when the signal has aborted and every running batch is settled. Rejects when the queue gives up. */
  readonly done: Promise<void>
}

/** What became of one delivery: what to write, and what to tell the queue once it is written. */
interface Outcome {
  readonly settlement?: Settlement
  readonly verdict: Verdict
}

/** Not claimed: its effect is paused. */
interface Paused {
  readonly state: 'paused'
  readonly forMs: number
}

/** A held claim that is someone else's is looked at again after this long, ms. */
const BUSY_RETRY_MS = 250
const REASON_CHARS_MAX = 500

/** claim → effect → settle in one transaction; then backoff and another try, or a dead letter. */
export function startProcessor(options: ProcessorOptions): Processor {
  const fanOut = new FanOut(options.effect, options.circuit, options.clock)
  const gaps = options.gaps && new Gaps(options.gaps)
  const handling = new Handling(options, fanOut, gaps)
  const { handlersMax, leaseMs, signal, queue, onError } = options
  const batchEventsMax = Math.min(options.batchEventsMax, Math.floor(CALL_LIMITS.eventsMax / fanOut.width))
  const handle = (batch: readonly Delivery[]) => handling.handle(batch)
  return {
    counts: handling.counts,
    done: queue.consume(handle, { batchEventsMax, handlersMax, leaseMs, signal, ...(onError && { onError }) }),
  }
}

/** What is done with each batch. */
class Handling {
  readonly counts: ProcessorState
  readonly #options: ProcessorOptions
  readonly #fanOut: FanOut
  readonly #gaps: Gaps | undefined
  readonly #crashPoint: CrashPoint

  constructor(options: ProcessorOptions, fanOut: FanOut, gaps: Gaps | undefined) {
    this.#options = options
    this.#fanOut = fanOut
    this.#gaps = gaps
    this.#crashPoint = options.crashPoint ?? nowhere
    this.counts = {
      ...({ applied: 0, failed: 0, buried: 0, duplicates: 0, busy: 0 } satisfies ProcessorCounts),
      get circuitsOpened() {
        return fanOut.opened
      },
      get circuitsOpen() {
        return fanOut.open
      },
      get gaps() {
        return gaps?.found ?? 0
      },
      get gapsFilled() {
        return gaps?.filled ?? 0
      },
    }
  }

  async handle(batch: readonly Delivery[]): Promise<readonly Verdict[]> {
    const tasks = this.#fanOut.tasksOf(batch)
    const claims = await this.#claim(tasks)
    this.#crashPoint('after-claim')
    const outcomes = await this.#runByLane(tasks, claims)
    this.#crashPoint('after-effect')
    const verdicts = verdictsOf(batch, tasks, await this.#settle(tasks, outcomes))
    this.counts.duplicates += absorbed(tasks, outcomes, verdicts)
    this.#crashPoint('after-settle')
    return verdicts
  }

  /** What is paused is not claimed. A lane has one circuit, which is asked once: no event overtakes one of its lane. */
  async #claim(tasks: readonly Task[]): Promise<readonly (Claim | Paused)[]> {
    if (this.#fanOut.open === 0) return this.#options.ledger.claim(eventsOf(tasks), this.#options.leaseMs)
    const holds = new Map<Circuit | undefined, number>()
    for (const { circuit } of tasks) if (!holds.has(circuit)) holds.set(circuit, circuit?.holdMs() ?? 0)
    const wanted = tasks.filter(({ circuit }) => holds.get(circuit) === 0)
    const claims = wanted.length === 0 ? [] : await this.#options.ledger.claim(eventsOf(wanted), this.#options.leaseMs)
    let next = 0
    return tasks.map(({ circuit }): Claim | Paused => {
      const forMs = holds.get(circuit)!
      return forMs === 0 ? claims[next++]! : { state: 'paused', forMs }
    })
  }

  /** Different lanes run side by side; tasks of one lane one after the other, and none after one that must be retried. */
  async #runByLane(tasks: readonly Task[], claims: readonly (Claim | Paused)[]): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(tasks.length)
    const placesByLane = new Map<string, number[]>()
    for (const [place, { lane }] of tasks.entries()) {
      const places = placesByLane.get(lane)
      if (places) places.push(place)
      else placesByLane.set(lane, [place])
    }
    const running: Promise<void>[] = []
    for (const places of placesByLane.values()) running.push(this.#runLane(places, tasks, claims, outcomes))
    await Promise.all(running)
    return outcomes
  }

  async #runLane(
    places: readonly number[],
    tasks: readonly Task[],
    claims: readonly (Claim | Paused)[],
    outcomes: Outcome[],
  ): Promise<void> {
    let heldForMs: number | undefined
    for (const place of places) {
      const task = tasks[place]!
      const claim = claims[place]!
      const outcome = heldForMs === undefined ? await this.#run(task, claim) : this.#hold(task, claim, heldForMs)
      outcomes[place] = outcome
      if (outcome.verdict !== 'ack') heldForMs ??= outcome.verdict.retryInMs
    }
  }

  async #run(task: Task, claim: Claim | Paused): Promise<Outcome> {
    if (claim.state === 'paused') return { verdict: { retryInMs: claim.forMs } }
    if (claim.state !== 'busy') this.#gaps?.see(task.given, claim.state === 'new')
    if (claim.state === 'duplicate') return { verdict: 'ack' }
    if (claim.state === 'busy') {
      this.counts.busy++
      return { verdict: { retryInMs: BUSY_RETRY_MS } }
    }
    const { event, circuit } = task
    const pass = circuit ? circuit.enter() : 0
    if (pass === undefined) return this.#hold(task, claim, circuit!.holdMs())
    const tx = recordWrites()
    try {
      const working = task.effect(task.given, tx)
      if (working) await this.#inTime(working)
      circuit?.succeeded(pass)
      return { settlement: { event, fence: claim.fence, result: 'applied', writes: tx.writes }, verdict: 'ack' }
    } catch (error) {
      return this.#failed(task, claim, pass, error)
    }
  }

  #inTime(working: Promise<void>): Promise<void> {
    const { effectMs, clock } = this.#options
    const late = () => new FloodmarkError('timeout', `the effect took longer than ${effectMs} ms`)
    return within(effectMs, clock, working, late)
  }

  #failed(task: Task, claim: Claim & { state: 'new' }, pass: number, error: unknown): Outcome {
    const { event, circuit } = task
    const { fence } = claim
    const failures = claim.failures + 1
    const retryClass = retryClassOf(error, this.#options.classify)
    const waitMs = () => backoffMs(failures, this.#options.backoff, this.#options.random)
    if (retryClass === 'permanent') circuit?.left(pass)
    else if (circuit?.failed(pass, claim.failures === 0) === false) {
      return this.#hold(task, claim, Math.max(waitMs(), circuit.holdMs()))
    }
    const reason = messageOf(error).slice(0, REASON_CHARS_MAX)
    if (retryClass === 'permanent' || failures >= this.#options.attemptsMax) {
      return { settlement: { event, fence, result: 'buried', reason: `${retryClass}: ${reason}` }, verdict: 'ack' }
    }
    return { settlement: { event, fence, result: 'failed', error: reason }, verdict: { retryInMs: waitMs() } }
  }

  /** An earlier event of the lane must come first, or its effect is paused: give the claim back and come again. */
  #hold({ event }: Task, claim: Claim | Paused, retryInMs: number): Outcome {
    const verdict = { retryInMs }
    if (claim.state !== 'new') return { verdict }
    return { settlement: { event, fence: claim.fence, result: 'released' }, verdict }
  }

  async #settle(tasks: readonly Task[], outcomes: readonly Outcome[]): Promise<Verdict[]> {
    const settlements = outcomes.flatMap((outcome) => outcome.settlement ?? [])
    const settled: Settled[] = []
    for (const part of partsOf(settlements)) settled.push(...(await this.#options.ledger.settle(part)))
    const verdicts: Verdict[] = []
    const heldForMs = new Map<string, number>()
    let next = 0
    for (const [place, { settlement, verdict }] of outcomes.entries()) {
      const { lane } = tasks[place]!
      const held = settlement === undefined || settled[next++]!.held
      if (held && settlement) this.#count(settlement.result)
      // A lost claim is another consumer's business now: look again later, and keep the key's order meanwhile.
      const wanted = held ? verdict : { retryInMs: BUSY_RETRY_MS }
      const earlierMs = heldForMs.get(lane)
      const final = wanted === 'ack' && earlierMs !== undefined ? { retryInMs: earlierMs } : wanted
      if (final !== 'ack' && earlierMs === undefined) heldForMs.set(lane, final.retryInMs)
      verdicts.push(final)
    }
    return verdicts
  }

  #count(result: Settlement['result']): void {
    if (result !== 'released') this.counts[result]++
  }
}

function eventsOf(tasks: readonly Task[]) {
  return tasks.map(({ event }) => event)
}

/** Deliveries of which nothing was left to do. */
function absorbed(tasks: readonly Task[], outcomes: readonly Outcome[], verdicts: readonly Verdict[]): number {
  const settles = new Uint8Array(verdicts.length)
  for (let at = 0; at < tasks.length; at++) if (outcomes[at]!.settlement) settles[tasks[at]!.position] = 1
  let count = 0
  for (let at = 0; at < verdicts.length; at++) if (verdicts[at] === 'ack' && settles[at] === 0) count++
  return count
}
