import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startIn } from '../floodmark.ts'
import { reportWith, writeRun } from '../history/made-up-reports.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-list-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const tagged = (startedAt: string, tag: string, times: number) => {
  const report = reportWith({ startedAt, times })
  return { ...report, settings: { ...report.settings, tag } }
}

describe('the command report without a folder', () => {
  it('says what to do where there is no run yet, and writes nothing', async () => {
    const empty = join(root, 'empty')
    mkdirSync(empty)
    const { code, out } = await startIn(empty, 'report').ended
    expect({ code, out }).toEqual({ code: 0, out: 'There is nothing in reports/ yet: npm run scenario flash-sale\n' })
    expect(existsSync(join(empty, 'reports'))).toBe(false)
  })

  it('lists the runs newest first, as lines and as JSON, and writes a page with their trend', async () => {
    const reports = join(root, 'reports')
    writeRun(reports, 'a', tagged('2026-01-01T08:00:00.000Z', 'old', 1))
    writeRun(reports, 'b', tagged('2026-01-02T08:00:00.000Z', 'new', 2))
    const { code, out, err } = await startIn(root, 'report').ended
    expect(code, err).toBe(0)
    const lines = out.split('\n')
    expect(lines[2]).toMatch(/^2026-01-02 08:00 +PASS +.* 40 ms +new +reports\/b$/)
    expect(lines[3]).toMatch(/^2026-01-01 08:00 +PASS +.* 20 ms +old +reports\/a$/)
    expect(out).toMatch(/file:\/\/.*reports\/index\.html/)
    const page = readFileSync(join(reports, 'index.html'), 'utf8')
    expect(page).toContain('href="b/report.html"')
    expect(page).toContain('Response p99 of 2 runs, oldest first: 20 ms, 40 ms')

    expect((await startIn(root, 'report', '--quiet').ended).out).toBe('')
    const json = await startIn(root, 'report', '--json').ended
    expect(JSON.parse(json.out)).toMatchObject([
      { tag: 'new', p99Ms: 40 },
      { tag: 'old', p99Ms: 20 },
    ])
    const compared = await startIn(root, 'compare', 'old', 'new', '--json').ended
    expect(compared.code, compared.err).toBe(1)
    expect(JSON.parse(compared.out)).toMatchObject({ outcome: 'regression' })
  })
})
