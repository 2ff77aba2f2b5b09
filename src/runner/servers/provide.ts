import { resolve } from 'node:path'
import { shownPlace } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { startCompose } from './compose.ts'
import { givenServer, keptServer, strangerAt } from './existing.ts'
import { knownKind } from './kinds/index.ts'
import { startNative } from './native.ts'
import type { ProvideOptions, Server } from './server.ts'
import { endEntry, isStale, remembered } from './started.ts'

/**
 * A server of this kind: the one whose URL is given, or a cluster of the kind whose name stands for the URL, else one that 'brokers up' keeps, else one by docker compose, else a process
 * of our own. @throws FloodmarkError 'unavailable' that says what to install when there is none of these; 'misuse' on a URL of
 * another kind, or without one for a kind that is not in kinds/index.ts.
 */
export async function provide(kind: string, options: ProvideOptions): Promise<Server> {
  const {
    url,
    flag = 'its URL',
    nativeOnly = false,
    cacheFolder = resolve('.cache'),
    fsync = 'always',
    onProgress,
  } = options
  await endStale(cacheFolder, onProgress)
  const cluster = url === undefined ? undefined : knownKind(url)
  if (cluster?.clusterOf === kind) return provide(cluster.name, { ...options, url: undefined })
  if (url !== undefined) return givenServer(kind, url)
  const known = knownKind(kind)
  if (!known)
    throw new FloodmarkError(
      'misuse',
      `floodmark cannot start a '${kind}' server: give the address of one with ${flag}`,
    )
  const complete = { ...options, cacheFolder, fsync }
  const kept = nativeOnly ? undefined : await keptServer(known, cacheFolder)
  if (kept) return kept
  const stranger = nativeOnly ? undefined : await strangerAt(known, (at) => `give ${at} with ${flag}`)
  if (stranger) onProgress(stranger)
  const composed = nativeOnly ? undefined : await startCompose(known, complete)
  if (composed) return composed
  const recipe = await known.recipe(complete)
  onProgress(`starting ${recipe.says}`)
  return startNative(known, recipe, complete)
}

/** Ends servers that a crashed run left behind, as far as that works now. */
export async function endStale(cacheFolder: string, onProgress: (line: string) => void): Promise<void> {
  for (const entry of remembered(cacheFolder).filter(isStale)) {
    onProgress(`ending a ${entry.kind} server that an earlier run left behind (${shownPlace(entry.url)})`)
    await endEntry(entry).catch((error) => onProgress(`it could not be ended: ${messageOf(error)}`))
  }
}
