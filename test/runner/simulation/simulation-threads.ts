import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Counts } from './simulation-seeds.ts'
import type { Played } from './simulation-worker.ts'

const THREADS_MAX = 4

/** Threads that share the seeds of a test among them: simulations are pure computation, and the machine has several cores. */
export function seedThreads() {
  const count = Math.min(THREADS_MAX, availableParallelism())
  const script = new URL('./simulation-worker.ts', import.meta.url)
  const workers = Array.from({ length: count }, () => new Worker(script, { execArgv: [] }))
  return {
    /** The sum over all seeds. @throws for the first seed that is red, with how to play it again. */
    async play(seeds: readonly number[], bug?: string): Promise<Counts> {
      const sum: Counts = {}
      const share = async (worker: Worker, at: number) => {
        worker.postMessage({ seeds: seeds.filter((_, position) => position % count === at), bug })
        const [played] = (await once(worker, 'message')) as [Played]
        if ('red' in played) throw new Error(played.red)
        for (const name in played.counts) sum[name] = (sum[name] ?? 0) + played.counts[name]!
      }
      await Promise.all(workers.map(share))
      return sum
    },
    end: () => Promise.all(workers.map((worker) => worker.terminate())),
  }
}
