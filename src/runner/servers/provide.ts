import { resolve } from 'node:path'
import { messageOf } from '../../core/contracts/errors.ts'
import type { ServerKind } from '../../core/contracts/queue.ts'
import { startCompose } from './compose.ts'
import { givenServer, listeningServer } from './existing.ts'
import { kafkaRecipe } from './kafka.ts'
import { type Recipe, startNative } from './native.ts'
import { redisRecipe } from './redis.ts'
import type { ProvideOptions, Server } from './server.ts'
import { sqsRecipe } from './sqs.ts'
import { endEntry, isStale, remembered } from './started.ts'

const RECIPES: Record<ServerKind, (options: ProvideOptions & { cacheFolder: string }) => Promise<Recipe>> = {
  kafka: ({ fsync = 'always', ...options }) => kafkaRecipe(fsync, options),
  redis: async ({ fsync = 'always' }) => redisRecipe(fsync),
  sqs: async () => sqsRecipe(),
}

/**
 * A server of this kind: the one whose URL is given, else one that listens already, else one by docker compose, else a process
 * of our own. @throws FloodmarkError 'unavailable' that says what to install when there is none of these; 'misuse' on a URL of
 * another kind.
 */
export async function provide(kind: ServerKind, options: ProvideOptions): Promise<Server> {
  const { url, nativeOnly = false, cacheFolder = resolve('.cache'), onProgress } = options
  await endStale(cacheFolder, onProgress)
  if (url !== undefined) return givenServer(kind, url)
  const complete = { ...options, cacheFolder }
  const other = nativeOnly
    ? undefined
    : ((await listeningServer(kind, cacheFolder, onProgress)) ?? (await startCompose(kind, complete)))
  if (other) return other
  const recipe = await RECIPES[kind](complete)
  onProgress(`starting ${recipe.says}`)
  return startNative(recipe, complete)
}

/** Ends what a crashed run left behind, as far as that works now. */
export async function endStale(cacheFolder: string, onProgress: (line: string) => void): Promise<void> {
  for (const entry of remembered(cacheFolder).filter(isStale)) {
    onProgress(`ending a ${entry.kind} server that an earlier run left behind (${entry.url})`)
    await endEntry(entry).catch((error) => onProgress(`it could not be ended: ${messageOf(error)}`))
  }
}
