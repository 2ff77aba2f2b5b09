import { resolve } from 'node:path'
import type { ServerKind } from '../../core/queue.ts'
import { kafkaRecipe } from './kafka.ts'
import { type Recipe, startNative } from './native.ts'
import { redisRecipe } from './redis.ts'
import type { ProvideOptions, Server } from './server.ts'
import { sqsRecipe } from './sqs.ts'
import { endEntry, isStale, remembered } from './started.ts'

export type { Control, Fsync, ProvideOptions, Server } from './server.ts'

const RECIPES: Record<ServerKind, (options: ProvideOptions & { cacheFolder: string }) => Promise<Recipe>> = {
  kafka: ({ fsync = 'always', ...options }) => kafkaRecipe(fsync, options),
  redis: async ({ fsync = 'always' }) => redisRecipe(fsync),
  sqs: async () => sqsRecipe(),
}

/** @throws FloodmarkError 'unavailable' that says what to install when there is no way to such a server. */
export async function provide(kind: ServerKind, options: ProvideOptions): Promise<Server> {
  const { cacheFolder = resolve('.cache') } = options
  for (const entry of remembered(cacheFolder).filter(isStale)) {
    options.onProgress(`ending a ${entry.kind} server that an earlier run left behind (${entry.url})`)
    await endEntry(entry)
  }
  const given = { ...options, cacheFolder }
  const recipe = await RECIPES[kind](given)
  options.onProgress(`starting ${recipe.says}`)
  return startNative(recipe, given)
}
