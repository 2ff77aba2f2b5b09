import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { EndingSecret, Route, RouteSecret, Secret } from '../contracts/provider.ts'

const isEnding = (one: RouteSecret): one is EndingSecret => 'untilMs' in one

/** The secrets of a route, some of which may end. It does not change: a rotation makes another. */
export class SecretRing {
  readonly all: readonly RouteSecret[]
  /** All secrets, where none of them ends: then no request needs a look at the time. */
  readonly #lasting: readonly Secret[] | undefined

  constructor(all: readonly RouteSecret[]) {
    this.all = [...all]
    const lasting = all.filter((one) => !isEnding(one)) as Secret[]
    this.#lasting = lasting.length === all.length ? lasting : undefined
  }

  /** Those under which a request that came then may be verified. */
  at(nowMs: number): readonly Secret[] {
    return (
      this.#lasting ?? this.all.flatMap((one) => (isEnding(one) ? (nowMs <= one.untilMs ? [one.secret] : []) : [one]))
    )
  }
}

/** The rings of all routes, as they are now. See Ingest for what is said of each method. */
export class SecretRings {
  readonly #rings = new Map<Route, SecretRing>()
  readonly #listeners: ((route: Route) => Promise<void>)[] = []
  readonly #clock: Clock

  /** @throws FloodmarkError 'misuse' where a route has no secret that serves now. */
  constructor(routes: readonly Route[], clock: Clock) {
    this.#clock = clock
    for (const route of routes) this.#rings.set(route, checkedRing(route.path, route.secrets, clock.now()))
  }

  of(route: Route): SecretRing {
    return this.#rings.get(route)!
  }

  onRotation(listener: (route: Route) => Promise<void>): void {
    this.#listeners.push(listener)
  }

  async rotate(source: string, secrets: readonly RouteSecret[]): Promise<void> {
    const routes = [...this.#rings.keys()].filter((route) => route.source === source)
    if (routes.length === 0) throw new FloodmarkError('misuse', 'no route has that source: name one that has')
    for (const route of routes) this.#rings.set(route, checkedRing(route.path, secrets, this.#clock.now()))
    await Promise.all(routes.flatMap((route) => this.#listeners.map((listener) => listener(route))))
  }
}

/** @throws FloodmarkError 'misuse' when no request could be verified under them. */
function checkedRing(path: string, secrets: readonly RouteSecret[], nowMs: number): SecretRing {
  const ring = new SecretRing(secrets)
  if (secrets.length === 0) throw new FloodmarkError('misuse', `route ${path} has no secret: give it one`)
  if (secrets.some((one) => isEnding(one) && !Number.isFinite(one.untilMs))) {
    throw new FloodmarkError(
      'misuse',
      `a secret of route ${path} has an end that is not a time: give it in ms since 1970`,
    )
  }
  if (ring.at(nowMs).length === 0) {
    throw new FloodmarkError('misuse', `every secret of route ${path} has ended: give it one that has not`)
  }
  return ring
}
