import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import type { FaultMark } from '../records/facts.ts'
import type { FaultTarget, PlannedFault } from '../scenario/scenario.ts'
import type { Victim } from '../testbed/victim.ts'
import { describeFault, strike } from './fault-kinds.ts'

/** Carries out what a scenario plans against its own stack, and undoes it. */
export class Faults {
  readonly marks: FaultMark[] = []
  readonly errors: string[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #endNow = new AbortController()

  /** Plans every fault of a run that begins at `startAtMs` (ms since the Unix epoch). */
  schedule(
    faults: readonly PlannedFault[],
    durationMs: number,
    startAtMs: number,
    victimsOf: (target: FaultTarget) => readonly Victim[],
  ): void {
    const sinceStart = () => Date.now() - startAtMs
    for (const fault of faults) {
      const begin = () => {
        const running = this.#begin(fault, victimsOf(fault.target), sinceStart).then(() => {
          this.#running.delete(running)
        })
        this.#running.add(running)
      }
      this.#timers.push(setTimeout(begin, Math.max(0, fault.at * durationMs - sinceStart())))
    }
  }

  async #begin(fault: PlannedFault, victims: readonly Victim[], sinceStart: () => number): Promise<void> {
    const one = (victim: Victim) => this.#strike(fault, victim, sinceStart)
    if (!('each' in fault)) return void (await Promise.all(victims.map(one)))
    for (const victim of victims) if (!this.#endNow.signal.aborted) await one(victim)
  }

  async #strike(fault: PlannedFault, victim: Victim, sinceStart: () => number): Promise<void> {
    // A bug comes with the code: all processors have it, which makes one mark.
    const what = fault.what === 'poison' ? describeFault(fault) : `${describeFault(fault)}: ${victim.name}`
    const fromMs = sinceStart()
    try {
      const undo = await strike(fault, victim)
      await sleep(systemClock, fault.forMs, this.#endNow.signal)
      await undo()
    } catch (error) {
      this.errors.push(`${what}: ${messageOf(error)}`)
    }
    if (this.marks.some((mark) => mark.what === what && mark.untilMs > fromMs)) return
    this.marks.push({ what, fromMs, untilMs: sinceStart() })
  }

  /** No new fault begins; those under way are undone. `now`: at once, not when their time is over. */
  async end(now: boolean): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    if (now) this.#endNow.abort()
    await Promise.all(this.#running)
  }
}
