import { type Clock, sleep } from '../../core/contracts/clock.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { ServiceControl } from '../faults/levers.ts'
import { type LifetimeOptions, ServiceLifetime } from './service-lifetime.ts'

/** A service that crashed is back within so many ms. */
const DOWN_MS = 3_000

export interface ServicesOptions {
  readonly count: number
  /** So many crashes at random times before `untilMs`. */
  readonly crashes: number
  readonly untilMs: number
  readonly clock: Clock
  readonly random: Random
  /** The options of the next lifetime. `ended` tells when that is over. */
  readonly next: (ended: () => boolean) => LifetimeOptions
}

/** Several services over one queue and one ledger. Each comes back after a crash, with nothing left in its memory. */
export class Services implements ServiceControl {
  readonly #options: ServicesOptions
  readonly #lifetimes: ServiceLifetime[] = []
  readonly #now: (ServiceLifetime | undefined)[] = []
  /** No service starts before. */
  #downUntilMs = 0
  /** For those that a fault ends: how long after their end the service starts again. */
  readonly #backAfterMs = new Map<ServiceLifetime, number>()

  constructor(options: ServicesOptions) {
    this.#options = options
    for (let service = 0; service < options.count; service++) this.#start(service)
    const { clock, random } = options
    for (let crash = 0; crash < options.crashes; crash++) {
      clock.after(random() * options.untilMs, () => this.any()?.end())
    }
  }

  kill(forMs: number): void {
    this.#downUntilMs = Math.max(this.#downUntilMs, this.#options.clock.monotonic() + forMs)
    for (const one of this.#lifetimes.filter(({ ended }) => !ended)) {
      this.#backAfterMs.set(one, forMs)
      one.end()
    }
  }

  restart(forMs: number, each: boolean): void {
    const all = [...this.#now.keys()]
    if (each) void this.#oneByOne(all, forMs)
    else for (const service of all) void this.#stop(service, forMs)
  }

  async #oneByOne(services: readonly number[], forMs: number): Promise<void> {
    for (const service of services) {
      await this.#stop(service, forMs)
      await sleep(this.#options.clock, forMs)
    }
  }

  /** Resolves when it has ended; it is back after `forMs`. */
  async #stop(service: number, forMs: number): Promise<void> {
    const running = this.#now[service]
    if (!running) return
    this.#now[service] = undefined
    this.#backAfterMs.set(running, forMs)
    await running.stop()
  }

  /** One that is up; undefined when none is. */
  readonly any = (): ServiceLifetime | undefined => {
    const up = this.#now.filter((one) => one !== undefined)
    return up[Math.floor(this.#options.random() * up.length)]
  }

  get crashes(): number {
    return this.#lifetimes.length - this.#options.count
  }

  /** Deliveries of events that were settled before, over all lifetimes. */
  get duplicates(): number {
    return this.#lifetimes.reduce((sum, { counts }) => sum + counts.duplicates, 0)
  }

  /** Of those the ones with another body. */
  get differing(): number {
    return this.#lifetimes.reduce((sum, { counts }) => sum + counts.differing, 0)
  }

  #start(service: number): void {
    const started: ServiceLifetime = new ServiceLifetime(this.#options.next(() => started.ended))
    this.#lifetimes.push(started)
    this.#now[service] = started
    started.onEnd(() => {
      this.#now[service] = undefined
      this.#startAfter(service, this.#backAfterMs.get(started) ?? this.#options.random() * DOWN_MS)
    })
  }

  #startAfter(service: number, ms: number): void {
    const { clock } = this.#options
    clock.after(ms, () => {
      const waitMs = this.#downUntilMs - clock.monotonic()
      if (waitMs > 0) this.#startAfter(service, Math.ceil(waitMs))
      else this.#start(service)
    })
  }
}
