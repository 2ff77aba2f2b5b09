import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import { FAULT_KINDS, type FaultKinds, faultWords, kindOf, type PlannedFault } from '../faults/index.ts'
import type { StackPart } from '../faults/planned-fault.ts'
import type { Victim } from '../faults/victim.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { FaultMark } from '../records/marks.ts'

/** Strikes the run's own stack as its scenario plans it, and undoes that. */
export class FaultInjector {
  readonly marks: FaultMark[] = []
  readonly errors: string[] = []
  readonly #kinds: FaultKinds
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #endNow = new AbortController()

  constructor(kinds: FaultKinds = FAULT_KINDS) {
    this.#kinds = kinds
  }

  /** Plans every fault of a run that begins at `startAtMs` by the run's clock. */
  schedule(
    faults: readonly PlannedFault[],
    durationMs: number,
    startAtMs: number,
    victimsOf: (part: StackPart) => readonly Victim[],
  ): void {
    const sinceStart = () => preciseNow() - startAtMs
    for (const fault of faults) {
      const begin = () => {
        const running = this.#begin(fault, victimsOf(fault.strikes), sinceStart).then(() => {
          this.#running.delete(running)
        })
        this.#running.add(running)
      }
      this.#timers.push(setTimeout(begin, Math.max(0, fault.at * durationMs - sinceStart())))
    }
  }

  async #begin(fault: PlannedFault, victims: readonly Victim[], sinceStart: () => number): Promise<void> {
    const one = (victim: Victim) => this.#strike(fault, victim, sinceStart)
    if (!kindOf(fault, this.#kinds).oneByOne?.(fault)) return void (await Promise.all(victims.map(one)))
    for (const victim of victims) if (!this.#endNow.signal.aborted) await one(victim)
  }

  async #strike(fault: PlannedFault, victim: Victim, sinceStart: () => number): Promise<void> {
    const fromMs = sinceStart()
    try {
      const undo = await kindOf(fault, this.#kinds).strike(victim, fault)
      await sleep(systemClock, fault.forMs, this.#endNow.signal)
      await undo()
    } catch (error) {
      this.errors.push(`${faultWords(fault, this.#kinds)}: ${victim.name}: ${messageOf(error)}`)
    }
    this.marks.push({ kind: fault.what, victim: victim.name, fault, fromMs, untilMs: sinceStart() })
  }

  /** No new fault begins; those under way are undone. `now`: at once, not when their time is over. */
  async end(now: boolean): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    if (now) this.#endNow.abort()
    await Promise.all(this.#running)
  }
}
