// @module-tag full: three real runs on disks that fail.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reportSchema } from '../../../src/runner/report/report-schema.ts'
import { needing } from '../../needs.ts'
import { planted, played } from '../floodmark.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-disk-'))
const mount = (...options: string[]) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', folder], { stdio: 'pipe' })
const umount = () => execFileSync('umount', ['-l', folder], { stdio: 'pipe' })
let missing: string | undefined
try {
  mount('size=1m')
  umount()
} catch {
  missing = 'full and read-only disks need a mount, which only root on Linux may do'
}
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a run whose disk fails', needing(missing), () => {
  const steady = (out: string) => played(out, 'steady', '--rate', '200', '--duration', '4', '--p99', '300000')

  it('says in one line that the disk is read-only, and exits with 3', async () => {
    mount('size=1m', 'ro')
    try {
      const { code, err } = await steady(join(folder, 'run'))
      expect(code, err).toBe(3)
      expect(err.trim().split('\n').at(-1)).toMatch(/^floodmark: cannot make .*run: /)
      expect(err).not.toContain('    at ')
    } finally {
      umount()
    }
  })

  it('refuses what it cannot store and loses nothing of what it took', async () => {
    mount('size=30m')
    try {
      const out = join(folder, 'run')
      const { code, err } = await steady(out)
      expect(code, err).toBe(1)
      const report = reportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')))
      expect(report.audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0 })
      expect(report.audit.refused).toBeGreaterThan(0)
      expect(report.errors.join()).toContain('no space left')
      expect(err).not.toContain('    at ')
    } finally {
      umount()
    }
  })

  it('goes on when a disk that was full for a while has room again', async () => {
    const out = join(folder, 'filled')
    const flags = ['--rate', '200', '--duration', '10', '--p99', '300000']
    const { code, out: said, err } = await played(out, planted('scenario-full-disk'), ...flags)
    expect(code, said + err).toBe(0)
    const report = reportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')))
    expect(report.audit).toMatchObject({ lost: 0, duplicateEffects: 0, misjudged: 0 })
    expect(report.faults).toMatchObject([{ kind: 'full-disk', victim: 'receiver + processor' }])
  })
})
