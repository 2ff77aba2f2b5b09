import { isDeepStrictEqual } from 'node:util'
import { keyAt, parseContent } from '../../core/base/json-body.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Incoming } from '../../core/contracts/incoming.ts'
import type { Provider, Route } from '../../core/contracts/provider.ts'
import { completed } from '../../core/receiving/completed.ts'
import { load } from '../../runner/scenario/plugins.ts'
import type { RouteConfig, SecretSource } from './config.ts'
import { placedIn } from './placed.ts'
import type { SecretPlaces } from './secrets.ts'

/** A route before its secrets are read. */
export interface RoutePlan extends Omit<Route, 'secrets'> {
  readonly places: SecretPlaces
}

type GivenRoute = Omit<RouteConfig, 'secrets'> & { readonly secrets: readonly SecretSource[] }

/** @throws FloodmarkError 'misuse' that names the route. */
export async function routePlans(
  routes: Readonly<Record<string, GivenRoute>>,
  folder: string,
): Promise<readonly RoutePlan[]> {
  const plans = await Promise.all(Object.entries(routes).map(([path, given]) => planOf(path, given, folder)))
  if (plans.length === 0)
    throw new FloodmarkError('misuse', "routes is empty: give at least one, { '/webhooks/stripe': … }")
  for (const [at, plan] of plans.entries()) {
    const same = plans.slice(0, at).find(({ source }) => source === plan.source)
    if (!same || isDeepStrictEqual(same.places.sources, plan.places.sources)) continue
    const what = `${same.path} and ${plan.path} have the source '${plan.source}' and different secrets`
    throw new FloodmarkError('misuse', `${what}: give one of them a source of its own`)
  }
  return plans
}

async function planOf(path: string, given: GivenRoute, folder: string): Promise<RoutePlan> {
  const { provider: named, orderBy, bodyBytesMax, compressed, address, replies, tellsReasons, secrets: sources } = given
  const { allowFrom, rate } = given
  checkPath(path)
  const loaded =
    typeof named === 'string' ? await load('provider', placedIn(folder, named), 'service') : completed(named)
  const provider = orderBy === undefined ? loaded : orderedBy(loaded, orderBy, path)
  return {
    path,
    source: given.source ?? loaded.name,
    provider,
    ...(bodyBytesMax !== undefined && { bodyBytesMax }),
    ...(compressed !== undefined && { compressed }),
    ...(address !== undefined && { address }),
    ...(replies !== undefined && { replies }),
    ...(allowFrom !== undefined && { allowFrom }),
    ...(rate !== undefined && { rate }),
    ...(tellsReasons !== undefined && { tellsReasons }),
    places: { path, provider: loaded, sources, folder },
  }
}

/** What stands for a part of a path elsewhere. Here it would stand for itself alone. */
const PATTERN = /\*|\/(?::|\{|\[|<)/

/** @throws FloodmarkError 'misuse' where no request, or one of ours, has the path. */
function checkPath(path: string): void {
  const wrong = (what: string) => new FloodmarkError('misuse', `route '${path}': ${what}`)
  if (!/^\/[^?#\s]*$/.test(path) || path === '/healthz' || path === '/readyz') {
    throw wrong('give a path of its own that begins with /, without a query')
  }
  if (PATTERN.test(path)) throw wrong('a pattern is not read: give each path whole, as senders call it')
  // Senders encode what is not ASCII, and go up where it says so.
  const called = new URL(`http://x${path}`).pathname
  if (called !== path) throw wrong(`senders call it ${called}: write that`)
}

/** The provider, with the ordering key from a field of the body. Its own is the key where the body has none. */
function orderedBy(provider: Provider, orderBy: string, path: string): Provider {
  if (provider.identifyAll) {
    throw new FloodmarkError(
      'misuse',
      `route ${path}: ${provider.name} sends several events in one body: leave orderBy out`,
    )
  }
  const field = orderBy.split('.')
  const identify = (request: Incoming) => {
    const identity = provider.identify(request)
    const key = keyAt(parseContent(request.raw), ...field)
    return key === undefined ? identity : { ...identity, key }
  }
  // What a provider made of a class has on its prototype stays.
  return Object.create(provider, { identify: { value: identify } }) as Provider
}
