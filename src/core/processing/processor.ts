import { type CrashPoint, nowhere } from '../contracts/crash-point.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Claim, Effects, Ledger, Settled, Settlement } from '../contracts/ledger.ts'
import type { Observer, SettledTry } from '../contracts/observer.ts'
import type { Delivery, Handler, Queue, Tell, Verdict } from '../contracts/queue.ts'
import { Alone } from './alone.ts'
import { type AttemptOptions, Attempts, BUSY_RETRY_MS, type Paused, type TaskOutcome } from './attempts.ts'
import type { Circuit, CircuitLimits } from './circuit.ts'
import { Consuming } from './consuming.ts'
import { DifferingCopies } from './differing-copies.ts'
import { FanOut, type Task, verdictsOf } from './fan-out.ts'
import { type GapOptions, Gaps } from './gaps.ts'
import { LedgerOutage } from './ledger-outage.ts'
import { countsOf, type ProcessorCounts, type ProcessorState } from './processor-counts.ts'
import { Settler } from './settler.ts'
import { copyIn, hasTransaction, lanesByKey, nextSuspect, settlementsOf, type Work } from './work.ts'
import { CALL_LIMITS, PendingWrites } from './writes.ts'

export interface ProcessorOptions extends AttemptOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effects
  /** When to pause an effect that fails whatever the event. Absent: never. */
  readonly circuit?: CircuitLimits
  /** Finds numbers that a sender gave out and that did not come. Absent: nobody looks. */
  readonly gaps?: GapOptions
  readonly batchEventsMax: number
  /** As in ConsumeOptions. */
  readonly batchBytesMax?: number
  readonly handlersMax: number
  /** How long a claim and a delivery are ours, ms: longer than effectMs. */
  readonly leaseMs: number
  readonly signal: AbortSignal
  readonly observer?: Observer
  readonly crashPoint?: CrashPoint
  /**
   * Told of an outage of the ledger when it begins, of a consumer that ended, of events that the queue cannot deliver, and of
   * copies with another body.
   */
  readonly onError?: (error: unknown) => void
}

export interface Processor {
  readonly counts: Readonly<ProcessorState>
  /** Resolves when the signal has aborted and every running batch is settled. A consumer that ends before is begun again. */
  readonly done: Promise<void>
}

/** What the lanes of one batch share. */
interface BatchState {
  /** No lane begins another try after this, by the monotonic clock, ms. */
  readonly untilMs: number
  lanesRunning: number
  readonly isAnySuspect: boolean
}

/** A lease leaves time beside its last try. This share of it is for tries, and the rest for claiming and settling. */
const LEASE_SHARE = 0.9
/** After a failed claim the batch comes again after so many ms. By then the ledger's outage says how long to wait. */
const FAILED_CLAIM_RETRY_MS = 100

/**
 * claim → effect → settle in one transaction; then backoff and another try, or a dead letter.
 * @throws FloodmarkError 'misuse' where no try fits a lease.
 */
export function startProcessor(options: ProcessorOptions): Processor {
  if (!(options.effectMs < options.leaseMs)) {
    const what = `effectMs is ${options.effectMs}, leaseMs is ${options.leaseMs}`
    throw new FloodmarkError('misuse', `${what}: give an effect less time than its lease has`)
  }
  const { batchBytesMax, handlersMax, leaseMs, signal, queue, ledger, clock, onError = () => {} } = options
  const fanOut = new FanOut(options.effect, options.circuit, clock)
  const gaps = options.gaps && new Gaps(options.gaps)
  const outage = new LedgerOutage({ ledger, clock, onError })
  const consuming = new Consuming(options)
  const copies = new DifferingCopies({ ledger, clock, onError })
  const counts = countsOf({ fanOut, gaps, outage, consuming, copies })
  const handling = new Handling(options, { fanOut, gaps, outage, copies, counts })
  const batchEventsMax = Math.min(options.batchEventsMax, Math.floor(CALL_LIMITS.eventsMax / fanOut.width))
  const handle: Handler = (batch, tell) => handling.handle(batch, tell)
  const limits = { batchEventsMax, ...(batchBytesMax && { batchBytesMax }), handlersMax, leaseMs }
  const consume = () => queue.consume(handle, { ...limits, signal, onError })
  return { counts, done: consuming.run(consume) }
}

interface HandlingParts {
  readonly fanOut: FanOut
  readonly gaps: Gaps | undefined
  readonly outage: LedgerOutage
  readonly copies: DifferingCopies
  readonly counts: ProcessorCounts
}

/** What is done with each batch. */
class Handling {
  readonly #options: ProcessorOptions
  readonly #counts: ProcessorCounts
  readonly #fanOut: FanOut
  readonly #outage: LedgerOutage
  readonly #copies: DifferingCopies
  readonly #attempts: Attempts
  readonly #crashPoint: CrashPoint
  readonly #settler: Settler
  readonly #alone = new Alone()

  constructor(options: ProcessorOptions, { fanOut, gaps, outage, copies, counts }: HandlingParts) {
    this.#options = options
    this.#counts = counts
    this.#fanOut = fanOut
    this.#outage = outage
    this.#copies = copies
    this.#crashPoint = options.crashPoint ?? nowhere
    const { ledger, clock, handlersMax: callsMax } = options
    this.#settler = new Settler({ ledger, clock, callsMax, outage, crashPoint: this.#crashPoint })
    this.#attempts = new Attempts(options, gaps, counts)
  }

  /** Each key's verdicts are told as soon as they are settled. Rejects when some could not be. */
  async handle(batch: readonly Delivery[], tell: Tell): Promise<readonly Verdict[]> {
    const { leaseMs, effectMs, clock } = this.#options
    const untilMs = clock.monotonic() + (leaseMs - effectMs) * LEASE_SHARE
    const waiting = this.#alone.enter()
    if (waiting) await waiting
    const verdicts = new Array<Verdict>(batch.length)
    const onVerdict = (position: number, verdict: Verdict) => {
      verdicts[position] = verdict
      tell(position, verdict)
    }
    let suspected: readonly (readonly Work[])[]
    try {
      const heldForMs = await this.#outage.holdMs()
      if (heldForMs > 0 || clock.monotonic() > untilMs) return batch.map(() => ({ retryInMs: heldForMs }))
      const tasks = this.#fanOut.tasksOf(batch)
      const claims = await this.#claim(tasks).catch((error) => this.#outage.failed(error))
      if (!claims) return batch.map(() => ({ retryInMs: FAILED_CLAIM_RETRY_MS }))
      this.#crashPoint('after-claim')
      const state = { untilMs, lanesRunning: 0, isAnySuspect: claims.some((claim) => claim.state === 'suspect') }
      suspected = await this.#handleKeys(lanesByKey(tasks, claims), state, onVerdict)
    } finally {
      this.#alone.leave()
    }
    if (suspected.length > 0) await this.#handleSuspects(suspected, onVerdict)
    return verdicts
  }

  /** Gives the works of each key that has suspects: it is not told yet. */
  async #handleKeys(keys: readonly Work[][][], state: BatchState, tell: Tell): Promise<readonly (readonly Work[])[]> {
    const suspected: Work[][] = []
    const judging: Promise<void>[] = []
    for (const lanes of keys) state.lanesRunning += lanes.length
    for (const lanes of keys) {
      const hasSuspects =
        state.isAnySuspect && lanes.some((lane) => lane.some(({ claim }) => claim.state === 'suspect'))
      judging.push(this.#handleKey(lanes, state, hasSuspects ? () => {} : tell))
      if (hasSuspects) suspected.push(lanes.flat().sort((a, b) => a.task.position - b.task.position))
    }
    for (const one of await Promise.allSettled(judging)) if (one.status === 'rejected') throw one.reason
    return suspected
  }

  /**
   * Tries the suspects of keys, each with nothing else in hand, for as long as a lease lets a batch begin tries. They had to
   * wait for that, so the deliveries' own lease may be over: then they come again, and are known to be settled.
   */
  async #handleSuspects(keys: readonly (readonly Work[])[], tell: Tell): Promise<void> {
    const { clock, signal, leaseMs, effectMs } = this.#options
    let untilMs: number | undefined
    for (const works of keys) {
      let isTried = true
      for (let work = nextSuspect(works); work && isTried; work = nextSuspect(works)) {
        const suspect = work
        await this.#alone.run(async () => {
          untilMs ??= clock.monotonic() + (leaseMs - effectMs) * LEASE_SHARE
          isTried = !signal.aborted && !this.#outage.isOut && clock.monotonic() <= untilMs
          if (isTried) await this.#tryAlone(suspect)
        })
      }
      this.#tell(works, tell)
    }
  }

  async #tryAlone(work: Work): Promise<void> {
    const { ledger, leaseMs } = this.#options
    const claim = await ledger.claimAlone(work.task.event, leaseMs).catch((error) => this.#outage.failed(error))
    if (!claim) return
    work.claim = claim
    this.#crashPoint('after-claim')
    await this.#handleLane([work], { untilMs: 0, lanesRunning: 1, isAnySuspect: false }, () => {})
  }

  /** Runs the lanes of one key side by side. */
  #handleKey(lanes: readonly (readonly Work[])[], state: BatchState, tell: Tell): Promise<void> {
    if (lanes.length === 1) return this.#handleLane(lanes[0]!, state, () => this.#tell(lanes[0]!, tell))
    const works = lanes.flat().sort((a, b) => a.task.position - b.task.position)
    return Promise.allSettled(lanes.map((lane) => this.#handleLane(lane, state, () => {}))).then((ended) => {
      for (const one of ended) if (one.status === 'rejected') throw one.reason
      this.#tell(works, tell)
    })
  }

  /**
   * Runs a lane's tasks, one after the other, and none after one that must be retried, nor when the lease has no time for one
   * more, nor when a suspect waits; then settles what it has finished. An effect's own transaction is settled before the next task:
   * that one must see it, and may want the same rows.
   */
  async #handleLane(lane: readonly Work[], state: BatchState, onJudged: () => void): Promise<void> {
    const { clock, signal } = this.#options
    let heldForMs: number | undefined
    let pending = new PendingWrites()
    let judged = 0
    try {
      for (let at = 0; at < lane.length; at++) {
        const work = lane[at]!
        if (at > 0 && (signal.aborted || this.#isAwaited(state) || clock.monotonic() > state.untilMs)) heldForMs ??= 0
        if (heldForMs !== undefined) work.outcome = this.#attempts.hold(work.task, work.claim, heldForMs)
        else {
          const outcome = copyIn(lane, at) ?? this.#try(work, pending, state.untilMs)
          work.outcome = outcome instanceof Promise ? await outcome : outcome
        }
        if (work.outcome.verdict !== 'ack') heldForMs ??= work.outcome.verdict.retryInMs
        if (hasTransaction(work)) {
          await this.#settleTasks(lane.slice(judged, at + 1), true)
          judged = at + 1
          pending = new PendingWrites()
          if (work.verdict !== 'ack') heldForMs ??= work.verdict.retryInMs
        }
      }
    } finally {
      state.lanesRunning--
    }
    await this.#settleTasks(judged === 0 ? lane : lane.slice(judged), state.lanesRunning === 0)
    onJudged()
  }

  /** Tries a task once its effect has room for one more try. It is given back where there is none while the lease lasts. */
  #try({ task, claim }: Work, pending: PendingWrites, untilMs: number): TaskOutcome | Promise<TaskOutcome> {
    const { slots } = task
    if (!slots || claim.state !== 'new') return this.#attempts.run(task, claim, pending)
    return slots.enter(untilMs - this.#options.clock.monotonic()).then(async (isIn) => {
      if (!isIn) return this.#attempts.hold(task, claim, BUSY_RETRY_MS)
      try {
        return await this.#attempts.run(task, claim, pending)
      } finally {
        slots.leave()
      }
    })
  }

  /** Settles what is finished. `isLast`: nothing else is worth waiting for. */
  async #settleTasks(works: readonly Work[], isLast: boolean): Promise<void> {
    const settlements = settlementsOf(works)
    const settling = settlements.length > 0 ? this.#settler.settle(settlements) : undefined
    if (isLast) this.#settler.flush()
    await settling?.answered
    this.#judge(works, settling?.settled ?? [])
  }

  /** A suspect of this batch or of another waits until nothing else is in hand. */
  #isAwaited({ isAnySuspect }: BatchState): boolean {
    return isAnySuspect || this.#alone.isWanted
  }

  /** Tells the verdicts of one key, whose tasks are in order. A delivery of which nothing was left to do counts as absorbed. */
  #tell(works: readonly Work[], tell: Tell): void {
    if (works.length === 1) {
      const { task, outcome, verdict } = works[0]!
      if (verdict === 'ack' && !outcome.settlement) this.#absorbed(task)
      if (verdict === 'ack' && outcome.differs) this.#copies.add(task.given)
      return tell(task.position, verdict)
    }
    const settles = new Set<number>()
    const givenAt = new Map(works.map(({ task }) => [task.position, task]))
    const differing = new Map<number, WebhookEvent>()
    for (const { task, outcome } of works) {
      if (outcome.settlement) settles.add(task.position)
      if (outcome.differs) differing.set(task.position, task.given)
    }
    for (const [position, verdict] of verdictsOf(works)) {
      if (verdict === 'ack' && differing.has(position)) this.#copies.add(differing.get(position)!)
      if (verdict === 'ack' && !settles.has(position)) this.#absorbed(givenAt.get(position)!)
      tell(position, verdict)
    }
  }

  /** Paused tasks are not claimed. A lane has one circuit, which is asked once: no event overtakes another of its lane. */
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

  /** `settled`: one answer for each settlement of the lane. */
  #judge(lane: readonly Work[], settled: readonly Settled[]): void {
    let heldForMs: number | undefined
    let next = 0
    for (const work of lane) {
      const { settlement, verdict } = work.outcome
      const held = settlement === undefined || settled[next++]!.held
      if (held && settlement) this.#count(settlement.result, work)
      // A lost claim is another consumer's business now: look again later, and keep the key's order meanwhile.
      const wanted = held ? verdict : { retryInMs: BUSY_RETRY_MS }
      work.verdict = wanted === 'ack' && heldForMs !== undefined ? { retryInMs: heldForMs } : wanted
      if (work.verdict !== 'ack') heldForMs ??= work.verdict.retryInMs
    }
  }

  #count(result: Settlement['result'], { task }: Work): void {
    if (result === 'released') return
    this.#counts[result]++
    this.#observe(task.event, result)
  }

  /** A delivery of which nothing was left to do. */
  #absorbed({ given }: Task): void {
    this.#counts.duplicates++
    this.#observe(given, 'absorbed')
  }

  #observe(event: WebhookEvent, result: SettledTry['result']): void {
    const { observer, clock } = this.#options
    if (observer?.settled) observer.settled({ event, result, ageMs: clock.now() - event.receivedAtMs })
  }
}

function eventsOf(tasks: readonly Task[]) {
  return tasks.map(({ event }) => event)
}
