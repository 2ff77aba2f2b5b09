// @module-tag full
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const wasThere = existsSync(join(ROOT, 'reference'))
afterAll(() => {
  if (!wasThere) rmSync(join(ROOT, 'reference'), { recursive: true, force: true })
})

it('npm run reference leaves out no type that another part of it names', { timeout: 300_000 }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/floodmark.js', 'reference'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  expect(status, `${stdout}${stderr}`).toBe(0)
  expect(readFileSync(join(ROOT, 'reference/index.html'), 'utf8')).toContain('floodmark')
})
