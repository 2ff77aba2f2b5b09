import { type Clock, sleep } from '../../core/contracts/clock.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Downable } from './faults.ts'
import { Life, type LifeOptions } from './life.ts'

/** A service that crashed is back within this time, ms. */
const DOWN_MS = 3_000

export interface ServicesOptions {
  readonly count: number
  /** Crashes at random times before `untilMs`, ms. */
  readonly crashes: number
  readonly untilMs: number
  readonly clock: Clock
  readonly random: Random
  /** What the next life is to be like; `ended` tells when it is over. */
  readonly next: (ended: () => boolean) => LifeOptions
}

/** Several services over one queue and one ledger. Each comes back after a crash, with nothing left in its memory. */
export class Services implements Downable {
  readonly #options: ServicesOptions
  readonly #lives: Life[] = []
  readonly #now: (Life | undefined)[] = []
  /** Nobody comes back before. */
  #downUntilMs = 0
  /** Of those that a fault ends: how long after their end the next life of the service begins. */
  readonly #backAfterMs = new Map<Life, number>()

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
    for (const life of this.#lives.filter(({ ended }) => !ended)) {
      this.#backAfterMs.set(life, forMs)
      life.end()
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
    const life = this.#now[service]
    if (!life) return
    this.#now[service] = undefined
    this.#backAfterMs.set(life, forMs)
    await life.stop()
  }

  /** One that is up; undefined when none is. */
  readonly any = (): Life | undefined => {
    const up = this.#now.filter((life) => life !== undefined)
    return up[Math.floor(this.#options.random() * up.length)]
  }

  get crashes(): number {
    return this.#lives.length - this.#options.count
  }

  /** Deliveries of events that were settled before, over all lives. */
  get duplicates(): number {
    return this.#lives.reduce((sum, { counts }) => sum + counts.duplicates, 0)
  }

  #start(service: number): void {
    const life: Life = new Life(this.#options.next(() => life.ended))
    this.#lives.push(life)
    this.#now[service] = life
    life.onEnd(() => {
      this.#now[service] = undefined
      this.#startAfter(service, this.#backAfterMs.get(life) ?? this.#options.random() * DOWN_MS)
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
