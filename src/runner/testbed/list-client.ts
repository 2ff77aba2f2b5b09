import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Route } from '../../core/contracts/provider.ts'
import type { EventList } from '../../core/service/reconciler.ts'
import { type ListedPage, listPath } from './provider-list.ts'

const TIMEOUT_MS = 5_000

/** The list that a run's own providers offer, over HTTP. */
export function eventList(origin: string, route: Route): EventList {
  return {
    route,
    async page(sinceMs, after, signal) {
      const url = new URL(listPath(route.source), origin)
      url.searchParams.set('since', String(sinceMs))
      if (after !== undefined) url.searchParams.set('after', after)
      const { events, next }: ListedPage = await read(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
      return { events: events.map((one) => ({ ...one, body: Buffer.from(one.body, 'base64') })), next }
    },
  }
}

async function read(url: URL, signal: AbortSignal): Promise<ListedPage> {
  const failed = (why: string, cause?: unknown) =>
    new FloodmarkError('unavailable', `the list of ${url.pathname} cannot be read: ${why}`, { cause })
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (cause) {
    throw failed(messageOf((cause as Error).cause ?? cause), cause)
  }
  if (response.status === 200) return (await response.json()) as ListedPage
  await response.body?.cancel()
  throw failed(`it answered with ${response.status}`)
}
