import type { Clock } from '../../core/contracts/clock.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Poison } from '../plan/identity.ts'

export type LinkName = 'senders-link' | 'queue-link' | 'ledger-link'

/** Something that may be held up: what wants to pass meanwhile passes when the last hold is over, in order. */
export class Hold {
  #holds = 0
  #waiting: (() => void)[] = []

  /** Gives what takes this hold back. */
  readonly raise = (): (() => void) => {
    this.#holds++
    return () => {
      if (--this.#holds > 0) return
      for (const pass of this.#waiting.splice(0)) this.pass(pass)
    }
  }

  get raised(): boolean {
    return this.#holds > 0
  }

  pass(fn: () => void): void {
    if (this.raised) this.#waiting.push(fn)
    else fn()
  }
}

/** What is wrong with the way to a server and back. Each is a count of faults, but for the times. */
export class Way {
  /** Nobody answers: who asks knows at once that nothing was done, who waits for an answer that he cannot know. */
  refused = 0
  requestsVanish = 0
  repliesVanish = 0
  addMs = 0
  jitterMs = 0
  /** The server hangs: everything arrives, late. */
  readonly hangs = new Hold()

  /** How much longer one way takes now, ms. */
  extraMs(random: Random): number {
    return this.jitterMs > 0 ? this.addMs + random() * this.jitterMs : this.addMs
  }
}

/** What a scenario's faults have made wrong just now. Faults add up and take back what they added. */
export class Wrong {
  /** Every process stands still: its timers and everything that reaches it wait. */
  readonly frozen = new Hold()
  clockOffsetMs = 0
  effectMs = 0
  effectFailShare = 0
  /** Bugs: the events whose effect fails for good. */
  readonly poisons = new Set<Poison>()
  /** Of what services publish, each for itself. */
  throttlePerS = Number.MAX_VALUE
  syncMs = 0
  disksFull = 0
  readonly ways: Readonly<Record<LinkName, Way>> = {
    'senders-link': new Way(),
    'queue-link': new Way(),
    'ledger-link': new Way(),
  }
}

/** The clock of a process that may stand still, and whose wall clock may be off. */
export function clockOfProcess(clock: Clock, wrong: Wrong): Clock {
  return {
    now: () => clock.now() + wrong.clockOffsetMs,
    monotonic: () => clock.monotonic(),
    after(ms, fn) {
      let cancelled = false
      const cancel = clock.after(ms, () =>
        wrong.frozen.pass(() => {
          if (!cancelled) fn()
        }),
      )
      return () => {
        cancelled = true
        cancel()
      }
    },
  }
}
