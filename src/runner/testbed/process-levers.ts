import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type Clock, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Effect, Ledger } from '../../core/contracts/ledger.ts'
import type { Queue } from '../../core/contracts/queue.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { ProcessLevers, Publish } from '../faults/levers.ts'
import type { Undo } from '../faults/victim.ts'
import { type Wrap, Wraps } from '../faults/wraps.ts'

/**
 * The levers of this process. Make them before anything that syncs is imported: it would keep Node's own fdatasync. While no
 * lever is pulled, an effect and a publish cost one more call, and a sync one comparison.
 */
export class Levers implements ProcessLevers {
  readonly clock = systemClock
  readonly random: Random
  /** The clock that the process goes by. */
  readonly processClock: Clock = { ...systemClock, now: () => systemClock.now() + this.#clockOffsetMs }
  readonly #effects = new Wraps<Effect>()
  readonly #publishes = new Wraps<Publish>()
  #clockOffsetMs = 0
  #syncMs = 0
  #settlementsRefused = 0

  constructor(random: Random) {
    this.random = random
    this.#slowSyncs()
  }

  /** The effect as faults let it be. */
  effect(effect: Effect): Effect {
    const layered = this.#effects.around(effect)
    return (event, tx) => layered.top(event, tx)
  }

  /** The queue as it can be published to. `traits`: those that differ from the queue's own. */
  queue(queue: Queue, traits: Partial<Queue['traits']> = {}): Queue {
    const layered = this.#publishes.around((events, options) => queue.publish(events, options))
    return {
      traits: { ...queue.traits, ...traits },
      publish: (events, options) => layered.top(events, options),
      consume: (handle, options) => queue.consume(handle, options),
      probe: () => queue.probe(),
      depth: () => queue.depth(),
      close: () => queue.close(),
    }
  }

  /** The ledger as it can be settled in. */
  ledger(ledger: Ledger): Ledger {
    const refused = () => new FloodmarkError('unavailable', 'planned: the ledger stores nothing')
    return {
      traits: ledger.traits,
      claim: (events, leaseMs) => ledger.claim(events, leaseMs),
      claimAlone: (event, leaseMs) => ledger.claimAlone(event, leaseMs),
      settle: async (settlements) => {
        if (this.#settlementsRefused === 0) return ledger.settle(settlements)
        // As the contract says: what could not be stored gives its claims back.
        await ledger.settle(settlements.map(({ event, fence }) => ({ event, fence, result: 'released' })))
        throw refused()
      },
      probe: async () => {
        if (this.#settlementsRefused > 0) throw refused()
        await ledger.probe()
      },
      buried: () => ledger.buried(),
      exhume: (id) => ledger.exhume(id),
      forget: (id) => ledger.forget(id),
      keepCopy: (event) => ledger.keepCopy(event),
      keptCopies: () => ledger.keptCopies(),
      ...(ledger.lookup && { lookup: (ids: readonly string[]) => ledger.lookup!(ids) }),
      ...(ledger.begin && { begin: () => ledger.begin!() }),
      read: (name) => ledger.read(name),
      scan: (prefix) => ledger.scan(prefix),
      items: (prefix) => ledger.items(prefix),
      close: () => ledger.close(),
    }
  }

  wrapEffect(wrap: Wrap<Effect>): Undo {
    return this.#effects.add(wrap)
  }

  wrapPublish(wrap: Wrap<Publish>): Undo {
    return this.#publishes.add(wrap)
  }

  refuseSettlements(): Undo {
    this.#settlementsRefused++
    return () => {
      this.#settlementsRefused--
    }
  }

  delaySyncs(ms: number): Undo {
    this.#syncMs += ms
    return () => {
      this.#syncMs -= ms
    }
  }

  shiftClock(ms: number): Undo {
    this.#clockOffsetMs += ms
    return () => {
      this.#clockOffsetMs -= ms
    }
  }

  blockLoop(ms: number): void {
    const untilMs = performance.now() + ms
    while (performance.now() < untilMs);
  }

  #slowSyncs(): void {
    const { fdatasync } = fs
    const slow = (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
      if (this.#syncMs === 0) return fdatasync(file, done)
      setTimeout(() => fdatasync(file, done), this.#syncMs)
    }
    fs.fdatasync = Object.assign(slow, { __promisify__: fdatasync.__promisify__ })
    syncBuiltinESMExports()
  }
}
