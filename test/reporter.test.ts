import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** `npm test` on the tests of a folder, of which some fail. */
const run = (...files: string[]) => runIn('suite', {}, ...files)

function runIn(suite: string, variables: Readonly<Record<string, string>>, ...files: string[]) {
  const folder = join(import.meta.dirname, 'planted', suite)
  const args = [join(import.meta.dirname, 'all.ts'), '--root', folder, ...files]
  const env = { ...process.env, ...variables }
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  return { status, out: stdout, last: stdout.trimEnd().split('\n').at(-1) }
}

it('counts what passed, what failed and what was skipped in the last line, with the reasons above it', () => {
  const { status, out, last } = run('skips')
  expect({ status, last }).toEqual({ status: 0, last: '1 passed, 0 failed, 4 skipped' })
  expect(out).toContain('skips.ts: 1 passed, 4 skipped')
  for (const reason of ['2  takes long', '1  not for this queue', '1  no such server']) expect(out).toContain(reason)
  expect(out).not.toContain('said by')
})

it('shows each failure in full, with what its file wrote: of tests, of suites, of files and of nobody', () => {
  const { status, out, last } = run()
  expect({ status, last }).toEqual({ status: 1, last: '2 passed, 4 failed, 6 skipped' })
  for (const what of [
    '"count": 2',
    'no broker',
    'this file is broken',
    'nobody listens',
    'said by a file with a failure',
  ])
    expect(out).toContain(what)
  expect(out).toContain('2  what they need could not be set up')
  // Nothing else ends an escape sequence: plain lines in a pipe.
  expect(out).not.toContain('\x1b')
})

it('fails when no file has the name', () => {
  expect(run('nowhere')).toMatchObject({ status: 1, last: '0 passed, 0 failed, 0 skipped' })
})

it('ends a file whose thread never gets to its timers, says where it was, and goes on with the others', () => {
  const { status, out, last } = runIn('suite-blocked', { BLOCKED_MS: '3000' })
  expect({ status, last }).toEqual({ status: 1, last: '1 passed, 1 failed, 0 skipped' })
  expect(out).toContain('suite-blocked/blocks.ts: nothing else ran in its thread for 3 s')
  expect(out).toContain('passes.ts: 1 passed')
})
