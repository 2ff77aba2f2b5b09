import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { ServerKindDefinition } from './kinds/definition.ts'
import { knownKind } from './kinds/index.ts'
import type { Server } from './server.ts'
import { isStale, remembered } from './started.ts'

const PROBE_MS = 1_000

/** A server that someone named. @throws FloodmarkError 'misuse' when the URL is not of this kind, which must be a known one. */
export function givenServer(kind: string, url: string): Server {
  // What follows the host, or stands before it, may be a secret.
  const shown = url.replace(/\/\/.*@/, '//').replace(/[?#].*/, '')
  const known = knownKind(kind)
  if (known && !known.urlLike.pattern.test(url)) {
    const what = `'${shown}' is not the URL of a ${kind} server`
    throw new FloodmarkError('misuse', `${what}: give one like ${known.urlLike.example}`)
  }
  const what = known?.describe?.(shown) ?? kind
  return { kind, url, origin: 'given', says: `${what} at ${shown}, as given`, stop: async () => {} }
}

/** A server that listens already: one that 'brokers up' keeps, or any on the usual port that speaks the protocol. */
export async function listeningServer(
  { name: kind, scheme, probe, ...known }: ServerKindDefinition,
  cacheFolder: string,
  onProgress: (line: string) => void,
  defaultPort = known.defaultPort,
): Promise<Server | undefined> {
  const there = (url: string, says: string, pid: number | undefined): Server => {
    return { kind, url, origin: 'listening', says, pid, stop: async () => {} }
  }
  for (const entry of remembered(cacheFolder)) {
    if (entry.kind !== kind || entry.owner || isStale(entry)) continue
    if (await probe(entry.url, PROBE_MS)) return there(entry.url, entry.says, entry.process?.pid)
  }
  const url = `${scheme}://127.0.0.1:${defaultPort}`
  const answer = await probe(url, PROBE_MS)
  if (answer?.trouble) onProgress(`${answer.product} on port ${defaultPort} is not used: ${answer.trouble}`)
  if (!answer || answer.trouble) return undefined
  return there(url, `${answer.product}, already listening on port ${defaultPort}; its settings are its own`, answer.pid)
}
