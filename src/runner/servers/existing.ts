import { shownPlace } from '../../core/base/kit/address.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { ServerKindDefinition } from './kinds/definition.ts'
import { knownKind } from './kinds/index.ts'
import type { Server } from './server.ts'
import { isStale, remembered } from './started.ts'

const PROBE_MS = 1_000

/** A server that someone named. @throws FloodmarkError 'misuse' when the URL is not of this kind, which must be a known one. */
export function givenServer(kind: string, url: string): Server {
  const shown = shownPlace(url)
  const known = knownKind(kind)
  if (known && !known.urlLike.pattern.test(url)) {
    const what = `'${shown}' is not the URL of a ${kind} server`
    throw new FloodmarkError('misuse', `${what}: give one like ${known.urlLike.example}`)
  }
  const what = known?.describe?.(shown) ?? kind
  return { kind, url, origin: 'given', says: `${what} at ${shown}, as given`, stop: async () => {} }
}

/** The server of this kind that 'brokers up' keeps. */
export async function keptServer(kind: ServerKindDefinition, cacheFolder: string): Promise<Server | undefined> {
  for (const { owner, url, says, process, ...entry } of remembered(cacheFolder)) {
    if (entry.kind !== kind.name || owner || isStale({ owner, url, says, process, ...entry })) continue
    if (!(await kind.probe(url, PROBE_MS))) continue
    return { kind: kind.name, url, origin: 'kept', says, pid: process?.pid, stop: async () => {} }
  }
  return undefined
}

/**
 * Says that a server listens on the usual port, where one does: it may be anybody's, as a port that is forwarded to production
 * is, so that no load goes there unasked. `how`: what to type to use it.
 */
export async function strangerAt(
  { scheme, probe, ...known }: ServerKindDefinition,
  how: (url: string) => string,
  port = known.defaultPort,
): Promise<string | undefined> {
  if (port === undefined) return undefined
  const url = `${scheme}://127.0.0.1:${port}`
  const answer = await probe(url, PROBE_MS)
  if (!answer) return undefined
  const what = `${answer.product} listens on port ${port} and is not used`
  return answer.trouble ? `${what}: ${answer.trouble}` : `${what}, since nobody named it: ${how(url)}`
}
