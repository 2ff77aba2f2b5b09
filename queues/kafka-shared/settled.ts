import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import type { Committed } from './commits.ts'
import type { PartitionLanes } from './lanes.ts'
import { keptSettled } from './trouble.ts'

/** Settled records are deleted so often, ms. */
const DELETE_MS = 10_000
/** At the end of a membership this may take so many ms. What is left then, the next member deletes. */
const FINISH_MS = 2_000

/** How a client deletes records. */
export interface Deleting {
  /** Deletes what lies before each offset. */
  readonly remove: (before: Committed) => Promise<unknown>
  /** Whether somebody has to allow it before it can succeed. */
  readonly isRefused: (error: unknown) => boolean
}

/** Whether records may be deleted; undefined where nobody could say. Nothing lies before the first offset. */
export async function mayDelete({ remove, isRefused }: Deleting, partition: number): Promise<boolean | undefined> {
  try {
    await remove([{ partition, offset: 0 }])
    return true
  } catch (error) {
    return isRefused(error) ? false : undefined
  }
}

export interface SettledOptions extends Deleting {
  readonly topic: string
  readonly lanes: PartitionLanes
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/**
 * Deletes records that are settled. Else a log whose offsets are set back, or forgotten by the broker, would bring events again
 * whose marks have expired by then. It also bounds the topic by what waits. What was committed only since the last look stays:
 * by the next one, the consumer has seen whether the log is still the one that it read.
 */
export class SettledRecords {
  readonly #options: SettledOptions
  /** By lane: up to where it was committed at the last look, and is deleted. */
  #seen: ReadonlyMap<object, number> = new Map()
  readonly #deleted = new WeakMap<object, number>()
  #over = false

  constructor(options: SettledOptions) {
    this.#options = options
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#over) {
      await sleep(this.#options.clock, DELETE_MS, signal)
      if (!signal.aborted) await this.look()
    }
  }

  /** Deletes what was committed at the last look. Never rejects. */
  async look(): Promise<void> {
    const committed = this.#options.lanes.committed()
    const due = committed.flatMap(({ lane, partition }) => {
      const before = this.#seen.get(lane)
      return before === undefined ? [] : [{ lane, partition, offset: before }]
    })
    this.#seen = new Map(committed.map(({ lane, offset }) => [lane, offset]))
    await this.#delete(due)
  }

  /**
   * Deletes all that is committed, at the good end of a membership, but where the log was not looked into: it may be another one than
   * that of which an offset was committed. Never rejects.
   */
  async finish(): Promise<void> {
    const { lanes, clock } = this.#options
    const known = lanes.committed().filter(({ lane, byUs }) => byUs || this.#seen.has(lane))
    await Promise.race([this.#delete(known), sleep(clock, FINISH_MS)])
  }

  async #delete(
    all: readonly { readonly lane: object; readonly partition: number; readonly offset: number }[],
  ): Promise<void> {
    const { topic, onError, remove, isRefused } = this.#options
    const due = all.filter(({ lane, offset }) => offset > (this.#deleted.get(lane) ?? 0))
    if (due.length === 0 || this.#over) return
    try {
      await remove(due.map(({ partition, offset }) => ({ partition, offset })))
      for (const { lane, offset } of due) this.#deleted.set(lane, offset)
    } catch (error) {
      if (!isRefused(error)) return
      this.#over = true
      onError(keptSettled(topic, error))
    }
  }
}
