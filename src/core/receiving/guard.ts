import { retryAfter } from '../base/backoff.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Route, RouteRate } from '../contracts/provider.ts'
import type { Random } from '../contracts/random.ts'
import type { RequestSource } from '../contracts/receiver.ts'
import type { Reply } from '../contracts/reply.ts'
import { Addresses, senderOf } from './addresses.ts'
import { SenderRates } from './sender-rates.ts'

export const FORBIDDEN: Reply = { status: 403, reason: 'forbidden' }
const TOO_MANY: Reply = { status: 429, reason: 'too many requests' }

interface Watch {
  readonly allowed: Addresses | undefined
  readonly all: SenderRates | undefined
  readonly each: SenderRates | undefined
}

/** Looks at who sends, and how much, before a byte of a body is read. Only routes that ask for it are looked at. */
export class Guard {
  readonly #watches = new Map<Route, Watch>()
  readonly #trusted: Addresses
  readonly #random: Random

  /** `trustedProxies`: their word counts for whose request it is. @throws FloodmarkError 'misuse' where a route asks for what cannot be. */
  constructor(routes: readonly Route[], trustedProxies: readonly string[], clock: Clock, random: Random) {
    this.#random = random
    this.#trusted = new Addresses(trustedProxies, 'trustedProxies')
    for (const route of routes) {
      if (route.allowFrom === undefined && route.rate === undefined) continue
      const allowed = route.allowFrom === undefined ? undefined : new Addresses(rangesOf(route), `route ${route.path}`)
      this.#watches.set(route, { allowed, ...limitsOf(route, clock) })
    }
  }

  /** Why a request of the route is refused; undefined where it is not. */
  refusal(route: Route, source: RequestSource | undefined): Reply | undefined {
    const watch = this.#watches.get(route)
    if (!watch) return undefined
    const sender = source && senderOf(source, this.#trusted)
    if (watch.allowed && (sender === undefined || !watch.allowed.has(sender))) return FORBIDDEN
    const ownS = watch.each?.waitS(sender ?? '') ?? 0
    const waitS = ownS || (watch.all?.waitS('') ?? 0)
    if (waitS === 0) return undefined
    // Of those that share a limit, not all may come again at once.
    const lineS = ownS > 0 ? 0 : this.#random() * watch.all!.lineS('')
    return { ...TOO_MANY, retryAfterS: retryAfter(waitS + lineS, this.#random) }
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

function limitsOf({ path, rate }: Route, clock: Clock): Pick<Watch, 'all' | 'each'> {
  const limit = ({ perS, burst = perS }: RouteRate) => {
    if (!(perS > 0 && burst > 0 && Number.isFinite(perS) && Number.isFinite(burst))) {
      throw new FloodmarkError(
        'misuse',
        `route ${path}: a rate of ${perS} a second, ${burst} at once: give more than 0`,
      )
    }
    return new SenderRates(perS, burst, clock)
  }
  return { all: rate?.all && limit(rate.all), each: rate?.each && limit(rate.each) }
}
