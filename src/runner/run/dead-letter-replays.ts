import { join } from 'node:path'
import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import { kindOf } from '../faults/index.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { ReplayMark } from '../records/facts.ts'
import type { FaultMark } from '../records/marks.ts'
import type { PlannedReplay } from '../scenario/scenario.ts'
import type { Stack } from '../testbed/stack.ts'

type OfLetters = Extract<PlannedReplay, { of: 'dead-letters' }>

type Replaying = Pick<Stack, 'replay' | 'endReplay'>

/** Lets the stack replay its dead letters as a scenario plans it, one replay after the other. */
export class DeadLetterReplays {
  readonly done: ReplayMark[] = []
  readonly errors: string[] = []
  readonly #folder: string
  readonly #endNow = new AbortController()
  #stack: Replaying | undefined
  #running: Promise<void> = Promise.resolve()

  /** Each replay leaves its journal in the folder. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Marks for the report's time axis. */
  get marks(): FaultMark[] {
    return this.done.map(({ replayed: events, fromMs, untilMs }) => ({
      kind: 'dead-letter-replay',
      events,
      fromMs,
      untilMs,
    }))
  }

  /** Plans those of a run that begins at `startAtMs` by the run's clock. */
  schedule(replays: readonly PlannedReplay[], stack: Replaying, durationMs: number, startAtMs: number): void {
    this.#stack = stack
    const letters = replays.filter((one) => one.of === 'dead-letters')
    for (const [at, replay] of letters.toSorted((a, b) => a.at - b.at).entries()) {
      this.#running = this.#running.then(() => this.#replay(replay, at, { durationMs, startAtMs }))
    }
  }

  async #replay(
    { at, ratePerS, buriedBy }: OfLetters,
    index: number,
    { durationMs, startAtMs }: { durationMs: number; startAtMs: number },
  ): Promise<void> {
    const sinceStart = () => preciseNow() - startAtMs
    await sleep(systemClock, Math.max(0, at * durationMs - sinceStart()), this.#endNow.signal)
    if (this.#endNow.signal.aborted) return
    const fromMs = sinceStart()
    try {
      const { reason } = kindOf({ what: buriedBy }).buries!
      const journal = join(this.#folder, `dlq-replay-${index}.jsonl`)
      const { replayed, heldBack, error } = await this.#stack!.replay({ kind: 'replay', journal, ratePerS, reason })
      this.done.push({ ratePerS, fromMs, untilMs: sinceStart(), replayed, heldBack })
      if (error) this.errors.push(`replay of dead letters: ${error}`)
    } catch (error) {
      this.errors.push(`replay of dead letters: ${messageOf(error)}`)
    }
  }

  /** Resolves when all of them are done; after `withinMs` they are ended. */
  async end(withinMs: number, interrupt: AbortSignal): Promise<void> {
    const early = new AbortController()
    const late = sleep(systemClock, interrupt.aborted ? 0 : withinMs, AbortSignal.any([interrupt, early.signal]))
    const first = await Promise.race([this.#running.then(() => 'done'), late.then(() => 'late')])
    early.abort()
    if (first === 'done') return
    this.#endNow.abort()
    this.#stack?.endReplay()
    await this.#running
  }
}
