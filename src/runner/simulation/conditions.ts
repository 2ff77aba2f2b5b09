import type { Clock } from '../../core/contracts/clock.ts'
import type { Effect } from '../../core/contracts/ledger.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Conditions, LinkLevers, Publish, ServiceControl } from '../faults/levers.ts'
import type { Undo } from '../faults/victim.ts'
import { type Wrap, Wraps } from '../faults/wraps.ts'

/** A barrier. Calls that come while it is raised pass when the last raise is undone, in order. */
export class Barrier {
  #raises = 0
  #waiting: (() => void)[] = []

  readonly raise = (): Undo => {
    this.#raises++
    return () => {
      if (--this.#raises > 0) return
      for (const pass of this.#waiting.splice(0)) this.pass(pass)
    }
  }

  get raised(): boolean {
    return this.#raises > 0
  }

  pass(fn: () => void): void {
    if (this.raised) this.#waiting.push(fn)
    else fn()
  }
}

/** The connection to a receiver or a server. Each field counts the faults that are on, but for the times. */
export class SimulatedLink implements LinkLevers {
  refused = 0
  requestsDropped = 0
  repliesDropped = 0
  addMs = 0
  jitterMs = 0
  readonly hanging = new Barrier()

  /** One direction takes so many ms longer now. */
  extraMs(random: Random): number {
    return this.jitterMs > 0 ? this.addMs + random() * this.jitterMs : this.addMs
  }

  refuse(): Undo {
    this.refused++
    return () => this.refused--
  }

  dropRequests(): Undo {
    this.requestsDropped++
    return () => this.requestsDropped--
  }

  dropReplies(): Undo {
    this.repliesDropped++
    return () => this.repliesDropped--
  }

  delay(addMs: number, jitterMs: number): Undo {
    this.addMs += addMs
    this.jitterMs += jitterMs
    return () => {
      this.addMs -= addMs
      this.jitterMs -= jitterMs
    }
  }

  hang(): Undo {
    return this.hanging.raise()
  }
}

/** The state of a simulation that a scenario's faults change. */
export class SimulatedConditions implements Conditions {
  readonly links = {
    'senders-link': new SimulatedLink(),
    'queue-link': new SimulatedLink(),
    'ledger-link': new SimulatedLink(),
  } as const
  /** To be set before a fault begins. */
  services!: ServiceControl
  /** That of the processes: it stands still while they do, and shiftClock puts its wall time wrong. */
  readonly processClock: Clock
  /** The same without shiftClock. */
  readonly clock: Clock
  readonly random: Random
  /** Calls wait here until the processes go on. */
  readonly frozen = new Barrier()
  readonly effects = new Wraps<Effect>()
  readonly publishes = new Wraps<Publish>()
  /** Each publish that is stored takes so much longer. */
  syncMs = 0
  disksFull = 0
  settlementsRefused = 0
  readonly #virtual: Clock
  #clockOffsetMs = 0

  constructor(virtual: Clock, random: Random) {
    this.#virtual = virtual
    this.random = random
    this.clock = { now: () => virtual.now(), monotonic: () => virtual.monotonic(), after: this.#after }
    this.processClock = { ...this.clock, now: () => virtual.now() + this.#clockOffsetMs }
  }

  wrapEffect(wrap: Wrap<Effect>): Undo {
    return this.effects.add(wrap)
  }

  wrapPublish(wrap: Wrap<Publish>): Undo {
    return this.publishes.add(wrap)
  }

  refuseSettlements(): Undo {
    this.settlementsRefused++
    return () => this.settlementsRefused--
  }

  delaySyncs(ms: number): Undo {
    this.syncMs += ms
    return () => {
      this.syncMs -= ms
    }
  }

  shiftClock(ms: number): Undo {
    this.#clockOffsetMs += ms
    return () => {
      this.#clockOffsetMs -= ms
    }
  }

  blockLoop(ms: number): void {
    this.#virtual.after(ms, this.freeze())
  }

  freeze(): Undo {
    return this.frozen.raise()
  }

  fillDisks(): Undo {
    this.disksFull++
    return () => this.disksFull--
  }

  /** A timer of a process that may stand still. */
  readonly #after: Clock['after'] = (ms, fn) => {
    let cancelled = false
    const cancel = this.#virtual.after(ms, () =>
      this.frozen.pass(() => {
        if (!cancelled) fn()
      }),
    )
    return () => {
      cancelled = true
      cancel()
    }
  }
}
