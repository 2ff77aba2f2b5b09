import { bytes } from '../../core/base/words.ts'
import { EVENT_LIMITS } from '../../core/contracts/event.ts'
import type { Route } from '../../core/contracts/provider.ts'

type Sized = Pick<Route, 'path' | 'source' | 'provider' | 'bodyBytesMax'>

/** A line for each route whose provider says that it sends longer bodies than are taken: some never send one again. */
export function sizeNotices(routes: readonly Sized[], bodyBytesMax: number): string[] {
  return routes.flatMap(({ path, source, provider, bodyBytesMax: own = bodyBytesMax }) => {
    const [most, taken] = [provider.bodyBytesMax ?? 0, Math.min(own, bodyBytesMax)]
    if (most <= taken) return []
    const again = provider.delivery.attemptsMax === 1 ? ', and is not sent again' : ''
    const todo = `raise limits.bodyBytesMax (${bytes(EVENT_LIMITS.bodyBytesMax)} at most), or accept that`
    return [
      `route ${path} (${source}): it sends up to ${bytes(most)}; what is above ${bytes(taken)} gets 413${again}: ${todo}`,
    ]
  })
}
