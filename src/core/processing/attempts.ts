import { type Backoff, backoffMs } from '../base/backoff.ts'
import { encode, isUndecodable, whyUndecodable } from '../base/codec.ts'
import { OWN_HEADERS } from '../base/headers.ts'
import { within } from '../base/within.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import { type Claim, type Ledger, type Settlement, SUSPECT_LOST_TRIES } from '../contracts/ledger.ts'
import type { Verdict } from '../contracts/queue.ts'
import type { Random } from '../contracts/random.ts'
import type { Task } from './fan-out.ts'
import type { Gaps } from './gaps.ts'
import { type Classify, causeOf, retryClassOf } from './retry-class.ts'
import { type PendingWrites, RecordedTx } from './writes.ts'

/** What became of one task: what to write, and what to tell the queue once it is written. */
export interface TaskOutcome {
  readonly settlement?: Settlement
  readonly verdict: Verdict
  /** Settled before, with another body. */
  readonly differs?: true
}

/** Not claimed: its effect is paused. */
export interface Paused {
  readonly state: 'paused'
  readonly forMs: number
}

/** One try of a task. */
interface Trying {
  readonly task: Task
  readonly claim: Claim & { state: 'new' }
  /** The circuit's. */
  readonly pass: number
  readonly tx: RecordedTx
  readonly pending: PendingWrites
}

export interface AttemptOptions {
  readonly ledger: Pick<Ledger, 'read' | 'begin'>
  /** Which of the effect's errors are worth another try. Default: all but FloodmarkError 'rejected'. */
  readonly classify?: Classify
  readonly clock: Clock
  readonly random: Random
  /** An event that fails transiently is buried when it has done so for this long, ms, and in so many tries at least. */
  readonly retryForMs: number
  readonly attemptsMin: number
  readonly backoff: Backoff
  /** A try longer than this, ms, counts as failed. */
  readonly effectMs: number
  /** Told of a failure that belongs to no event, as when the search for gaps fails. Must not throw. */
  readonly onError?: (error: unknown) => void
}

/** An event that another consumer holds is looked at again after so many ms. */
export const BUSY_RETRY_MS = 250
/** What was settled before, or is by an earlier one of its lane and batch: nothing is left to do. */
export const COPY: TaskOutcome = { verdict: 'ack' }
export const DIFFERING: TaskOutcome = { verdict: 'ack', differs: true }
const REASON_CHARS_MAX = 500
/** An event of which so many tries were lost is given up: the last of them were made alone, so that it is the cause. */
export const LOST_TRIES_MAX = SUSPECT_LOST_TRIES + 3

/** Tries tasks, one at a time, and says what is to become of each. Writes nothing itself. */
export class Attempts {
  readonly #options: AttemptOptions
  readonly #gaps: Gaps | undefined
  readonly #counts: { busy: number }

  constructor(options: AttemptOptions, gaps: Gaps | undefined, counts: { busy: number }) {
    this.#options = options
    this.#gaps = gaps
    this.#counts = counts
  }

  /**
   * `pending`: what earlier events of its lane have written in this batch; what this one writes is added. No promise is made
   * where the effect makes none: this runs for every event.
   */
  run(task: Task, claim: Claim | Paused, pending: PendingWrites): TaskOutcome | Promise<TaskOutcome> {
    if (claim.state === 'paused') return { verdict: { retryInMs: claim.forMs } }
    if (claim.state === 'suspect') return { verdict: { retryInMs: 0 } }
    if (claim.state !== 'busy') this.#lookForGaps(task, claim.state === 'new')
    if (claim.state === 'duplicate') return claim.differs ? DIFFERING : COPY
    if (claim.state === 'busy') {
      this.#counts.busy++
      return { verdict: { retryInMs: BUSY_RETRY_MS } }
    }
    if (isUndecodable(task.given)) return buryRecord(task, claim)
    if (claim.lostTries >= LOST_TRIES_MAX) return giveUp(task, claim)
    const { circuit } = task
    const pass = circuit ? circuit.enter() : 0
    if (pass === undefined) return this.hold(task, claim, circuit!.holdMs())
    const tx = new RecordedTx({ ledger: this.#options.ledger, pending }, claim.failures + claim.lostTries + 1)
    const trying: Trying = { task, claim, pass, tx, pending }
    try {
      const working: unknown = task.effect(task.given, tx)
      // JavaScript may return anything; only a promise is waited for.
      return isThenable(working) || tx.transaction ? this.#whenDone(working, trying) : applied(trying, working)
    } catch (error) {
      return this.#failed(trying, error)
    }
  }

  /** Apart from `run`, so that a try without a promise makes no functions either. */
  #whenDone(working: unknown, trying: Trying): Promise<TaskOutcome> {
    const { tx } = trying
    const checked = Promise.resolve(working).then(async (result) => {
      await tx.transaction?.check(this.#options.effectMs)
      return result
    })
    return this.#inTime(checked, trying.task.effect.limits?.timeoutMs).then(
      (result) => applied(trying, result),
      (error) => this.#failed(trying, error),
    )
  }

  /** A gap says where to look. That the search for gaps fails is no reason to hold up an event. */
  #lookForGaps({ given }: Task, isNew: boolean): void {
    try {
      this.#gaps?.see(given, isNew)
    } catch (error) {
      this.#options.onError?.(error)
    }
  }

  #inTime(working: Promise<unknown>, timeoutMs = this.#options.effectMs): Promise<unknown> {
    const { clock } = this.#options
    const effectMs = Math.min(timeoutMs, this.#options.effectMs)
    const late = () => new FloodmarkError('timeout', `the effect took longer than ${effectMs} ms`)
    return within(effectMs, clock, working, late)
  }

  #failed({ task, claim, pass, tx }: Trying, error: unknown): TaskOutcome {
    tx.end()
    const { event, circuit } = task
    const { fence } = claim
    const failures = claim.failures + 1
    const retryClass = retryClassOf(error, this.#options.classify)
    const waitMs = () => backoffMs(failures, this.#options.backoff, this.#options.random)
    if (retryClass === 'permanent') circuit?.left(pass)
    else if (circuit?.failed(pass, claim.failures === 0) === false) {
      return this.hold(task, claim, Math.max(waitMs(), circuit.holdMs()))
    }
    const reason = messageOf(error).slice(0, REASON_CHARS_MAX)
    const { retryForMs, attemptsMin } = this.#options
    // The number of tries too: a clock that was set forward, or a restart after a long time, must not bury by itself.
    if (retryClass === 'permanent' || (failures >= attemptsMin && claim.failingForMs >= retryForMs)) {
      const letter = letterOf(event, `${retryClass}: ${reason}`)
      const cause = causeOf(error, retryClass)
      return { settlement: { ...letter, fence, result: 'buried', cause }, verdict: 'ack' }
    }
    return { settlement: { event, fence, result: 'failed', error: reason }, verdict: { retryInMs: waitMs() } }
  }

  /** An earlier event of the lane must come first, or its effect is paused: give the claim back and come again. */
  hold({ event }: Task, claim: Claim | Paused, retryInMs: number): TaskOutcome {
    const verdict = { retryInMs }
    if (claim.state !== 'new') return { verdict }
    return { settlement: { event, fence: claim.fence, result: 'released' }, verdict }
  }
}

/** One of several effects also notes what it made of the event: whoever looks it up asks which of them did what. */
function applied({ task, claim, pass, tx, pending }: Trying, result: unknown): TaskOutcome {
  task.circuit?.succeeded(pass)
  pending.add(tx.writes)
  const { event, given } = task
  const { writes, transaction, attempt: attempts } = tx
  const settlement = { event, fence: claim.fence, result: 'applied', writes } as const
  if (event === given && !transaction) return { settlement, verdict: 'ack' }
  const handled = event !== given && { handled: { outcome: result === 'nothing' ? result : 'done', attempts } as const }
  return { settlement: { ...settlement, ...handled, ...(transaction && { transaction }) }, verdict: 'ack' }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

/** No effect is given a record that is no event. */
function buryRecord({ event }: Task, { fence }: Claim & { state: 'new' }): TaskOutcome {
  const reason = whyUndecodable(event).slice(0, REASON_CHARS_MAX)
  return { settlement: { event, reason, fence, result: 'buried', cause: 'undecodable' }, verdict: 'ack' }
}

/** Its effect is not tried again: it would end the process again. */
function giveUp({ event }: Task, { fence, lostTries }: Claim & { state: 'new' }): TaskOutcome {
  const reason = `${lostTries} tries of it ended without a settlement: its effect seems to end the process`
  return { settlement: { ...letterOf(event, reason), fence, result: 'buried', cause: 'process-died' }, verdict: 'ack' }
}

/** What is kept of an event that is given up: all of it, or, where its headers cannot be stored, the rest and the kit's own ones. */
function letterOf(event: WebhookEvent, reason: string): { readonly event: WebhookEvent; readonly reason: string } {
  try {
    encode(event)
    return { event, reason }
  } catch (error) {
    return {
      event: { ...event, headers: ownHeaders(event) },
      reason: `${reason} (without its headers: ${messageOf(error)})`,
    }
  }
}

function ownHeaders({ headers }: WebhookEvent): WebhookEvent['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(OWN_HEADERS)))
}
