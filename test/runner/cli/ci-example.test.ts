import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { floodmark, startIn } from '../floodmark.ts'
import { reportWith, writeRun } from '../history/made-up-reports.ts'

const file = new URL('../../../examples/ci.yml', import.meta.url)
const { jobs } = parse(readFileSync(file, 'utf8')) as { jobs: Record<string, { steps: { run?: string }[] }> }
const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = '' }) => run.split('\n')))
const commands = lines.flatMap((line) => line.match(/npm .*run (\w+) (.*)/)?.slice(1) ?? [])

const job = mkdtempSync(join(tmpdir(), 'floodmark-job-'))
afterAll(() => rmSync(job, { recursive: true, force: true }))

describe('examples/ci.yml', () => {
  it('compares the runs of both sides, where folders have the names of their tags', async () => {
    for (const tag of ['base', 'change']) {
      mkdirSync(join(job, tag))
      const report = reportWith()
      for (const round of [1, 2, 3])
        writeRun(join(job, 'reports'), `${tag}-${round}`, { ...report, settings: { ...report.settings, tag } })
    }
    const summary = join(job, 'summary.md')
    const words = commands[3]!.replace('"$GITHUB_STEP_SUMMARY"', summary).split(' ')
    const { code, err } = await startIn(job, 'compare', ...words.filter((word) => word !== '--')).ended
    expect(code, err).toBe(0)
    expect(readFileSync(summary, 'utf8')).toContain('did not become worse from base to change')
  })

  it('calls commands with flags that they have', async () => {
    expect(commands.filter((_, at) => at % 2 === 0)).toEqual(['scenario', 'compare'])
    for (let at = 0; at < commands.length; at += 2) {
      const { out } = await floodmark(commands[at]!, '--help')
      const flags = commands[at + 1]!.match(/--[a-z][a-z-]*/g)!
      expect(flags.length).toBeGreaterThan(0)
      for (const flag of flags) expect(out).toMatch(new RegExp(`^ +${flag}\\b`, 'm'))
    }
  })
})
