import { parentPort } from 'node:worker_threads'
import { type Counts, playSeed } from './simulation-seeds.ts'

/** A thread that plays the seeds it is given, one list after the other. */

export interface Task {
  readonly seeds: readonly number[]
  readonly bug: string | undefined
}

export type Played = { readonly counts: Counts } | { readonly red: string }

parentPort!.on('message', async ({ seeds, bug }: Task) => {
  const counts: Counts = {}
  try {
    for (const seed of seeds) {
      const seen = await playSeed(seed, bug)
      for (const name in seen) counts[name] = (counts[name] ?? 0) + seen[name]!
    }
    parentPort!.postMessage({ counts } satisfies Played)
  } catch (error) {
    parentPort!.postMessage({ red: (error as Error).message } satisfies Played)
  }
})
