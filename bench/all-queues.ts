import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import { EXIT } from '../src/runner/cli/exit.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { say } from './lib/table.ts'

/** What docs/compare.md shows: every queue that survives a crash beside each other, at a rate that each holds. */

const QUEUES = ['embedded', 'redis-streams', 'bullmq', 'kafka', 'kafkajs', 'postgres', 'sqs-fifo']
const PER_S = 200
/** Runs stay here: a comparison that was interrupted, or of which runs did not count, goes on. Delete it to begin anew. */
const FOLDER = join('reports', 'all-queues')
const NO_END: readonly number[] = [EXIT.BAD_INPUT, EXIT.ENVIRONMENT, EXIT.INTERRUPTED]
const PAGE = join('docs', 'compare.md')

export default async function allQueues({ seconds, rounds, only, force }: BenchOptions): Promise<void> {
  process.chdir(join(import.meta.dirname, '..'))
  const words = [
    ...['compare', 'steady', '--queues', only ?? QUEUES.join(','), '--rate', String(PER_S)],
    ...['--duration', `${seconds}s`, '--rounds', String(rounds), ...(force ? ['--force'] : [])],
    ...[existsSync(FOLDER) ? '--resume' : '--out', FOLDER],
  ]
  say(`\n${words.join(' ')}`)
  const { status } = spawnSync(process.execPath, ['bin/floodmark.js', ...words], { stdio: 'inherit' })
  const made = join(FOLDER, 'compare.md')
  const ended = status !== null && !NO_END.includes(status)
  if (!ended || !existsSync(made))
    throw new FloodmarkError('unavailable', `the comparison in ${FOLDER} did not come to its end`)
  if (only !== undefined) return say(`${made} is made. ${PAGE} shows every queue, and stays as it was.`)
  copyFileSync(made, PAGE)
  say(`${PAGE} is made. Where it says that runs do not count, run this again.`)
}
