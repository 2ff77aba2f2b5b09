import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { needing } from '../needs.ts'
import { moments } from './trace.ts'
import { whyNoStrace } from './traced-service.ts'

/**
 * After a sync has failed, Linux has what was written in its page cache and calls it clean: another sync of it succeeds
 * and writes nothing. Only what is written again reaches the disk.
 */

const missing = whyNoStrace()
const root = mkdtempSync(join(tmpdir(), 'floodmark-sync-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const program = new URL('./log-life.ts', import.meta.url).pathname

/** Runs one life under strace; what it said, and what was traced. */
function life(folder: string, options: readonly string[], ...ids: string[]) {
  const output = join(root, 'trace')
  const args = ['-f', '-yy', '-s', '1000000', '-o', output, ...options, process.execPath, program, folder, ...ids]
  // One thread, as strace counts the calls of each by itself.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const { stdout, stderr } = spawnSync('strace', args, { encoding: 'utf8', env })
  return { said: stdout.trim().split('\n'), trace: readFileSync(output, 'utf8'), stderr }
}

describe('a log of which a sync has failed', needing(missing), () => {
  it('is written again when it is opened, before anything in it counts as being on disk', () => {
    const folder = join(root, 'log')
    const segment = join(folder, '00000000000001.segment')
    const failing = ['-P', segment, '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=2+']
    expect(life(folder, failing, 'e1', 'e2').said).toEqual(['e1 stored', 'e2 refused', 'waiting nobody knows'])
    const next = life(folder, ['-e', 'trace=pwrite64,fsync,fdatasync'])
    expect(next.said).toEqual(['waiting 2'])
    const ofSegment = [...moments(next.trace)].filter(({ target }) => target === segment)
    const written = ofSegment.findIndex(
      ({ at, call, text }) => at === 'ends' && call === 'pwrite64' && /test:e1.*test:e2/s.test(text),
    )
    const synced = ofSegment.findIndex(({ call, result }) => call === 'fsync' && result === '0')
    expect(written).toBeGreaterThanOrEqual(0)
    expect(synced).toBeGreaterThan(written)
  })
})
