import { retryAfter } from '../base/backoff.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Route, RouteRate } from '../contracts/provider.ts'
import type { Random } from '../contracts/random.ts'
import type { RateGrants } from '../contracts/rate.ts'
import type { RequestSource } from '../contracts/receiver.ts'
import type { Reply } from '../contracts/reply.ts'
import { Addresses, limitedAs, senderOf } from './addresses.ts'
import { SenderRates } from './rates/sender-rates.ts'
import { SharedRates } from './rates/shared-rates.ts'

export const FORBIDDEN: Reply = { status: 403, reason: 'forbidden' }
const TOO_MANY: Reply = { status: 429, reason: 'too many requests' }

interface Watch {
  readonly allowed: Addresses | undefined
  readonly all: SenderRates | SharedRates | undefined
  readonly each: SenderRates | SharedRates | undefined
}

/** A promise where another process has to be asked, which may come to undefined. */
export type Guarded = Reply | Promise<Reply | undefined> | undefined

/** Looks at who sends, and how much, before a byte of a body is read. Only routes that ask for it are looked at. */
export class Guard {
  readonly #watches = new Map<Route, Watch>()
  readonly #trusted: Addresses
  readonly #random: Random

  /**
   * `trustedProxies`: their word counts for whose request it is. `grants`: where other processes keep the same limits.
   * @throws FloodmarkError 'misuse' where a route asks for what cannot be.
   */
  constructor(
    routes: readonly Route[],
    trustedProxies: readonly string[],
    clock: Clock,
    random: Random,
    grants?: RateGrants,
  ) {
    this.#random = random
    this.#trusted = new Addresses(trustedProxies, 'trustedProxies')
    for (const route of routes) {
      if (route.allowFrom === undefined && route.rate === undefined) continue
      const allowed = route.allowFrom === undefined ? undefined : new Addresses(rangesOf(route), `route ${route.path}`)
      this.#watches.set(route, { allowed, ...limitsOf(route, clock, grants) })
    }
  }

  /** Why a request of the route is refused; undefined where it is not. */
  refusal(route: Route, source: RequestSource | undefined): Guarded {
    const watch = this.#watches.get(route)
    if (!watch) return undefined
    const sender = source && senderOf(source, this.#trusted)
    if (watch.allowed && (sender === undefined || !watch.allowed.has(sender))) return FORBIDDEN
    const ownS = watch.each?.waitS(sender === undefined ? '' : limitedAs(sender)) ?? 0
    return typeof ownS === 'number' ? this.#afterOwn(watch, ownS) : ownS.then((waitS) => this.#afterOwn(watch, waitS))
  }

  #afterOwn(watch: Watch, ownS: number): Guarded {
    if (ownS > 0) return this.#tooMany(ownS)
    const waitS = watch.all?.waitS('') ?? 0
    return typeof waitS === 'number' ? this.#afterAll(watch, waitS) : waitS.then((s) => this.#afterAll(watch, s))
  }

  #afterAll(watch: Watch, waitS: number): Reply | undefined {
    // Of those that share a limit, not all may come again at once.
    return waitS === 0 ? undefined : this.#tooMany(waitS + this.#random() * watch.all!.lineS(''))
  }

  #tooMany(waitS: number): Reply {
    return { ...TOO_MANY, retryAfterS: retryAfter(waitS, this.#random) }
  }
}

function rangesOf({ path, provider, allowFrom }: Route): readonly string[] {
  return allowFrom!.flatMap((one) => {
    if (one !== 'published') return [one]
    if (provider.publishedAddresses) return provider.publishedAddresses.ranges
    const what = `route ${path}: the kit knows no published addresses of ${provider.name}`
    throw new FloodmarkError('misuse', `${what}: write them into allowFrom yourself`)
  })
}

function limitsOf({ path, rate }: Route, clock: Clock, grants: RateGrants | undefined): Pick<Watch, 'all' | 'each'> {
  const limit = (whose: 'all' | 'each', { perS, burst = perS }: RouteRate) => {
    if (!(perS > 0 && burst > 0 && Number.isFinite(perS) && Number.isFinite(burst))) {
      throw new FloodmarkError(
        'misuse',
        `route ${path}: a rate of ${perS} a second, ${burst} at once: give more than 0`,
      )
    }
    if (grants) return new SharedRates({ name: `${path} ${whose}`, perS, burst }, grants, clock)
    return new SenderRates(perS, burst, clock)
  }
  return { all: rate?.all && limit('all', rate.all), each: rate?.each && limit('each', rate.each) }
}
