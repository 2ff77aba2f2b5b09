import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Report } from '../../src/runner/report/report-schema.ts'
import { played, runsFolder } from '../runner/floodmark.ts'

/** A scenario's quick run and what it may take, ms: the slowest is under 30 s on a machine that has nothing else to do. */
export const QUICK_MS = 240_000

/** Quick runs at a rate that a busy machine takes too, with a pass mark for its latency: what is asserted is never a time. */
export function quickRuns(scenario: string) {
  const { root, reportOf } = runsFolder()
  return {
    root,
    async quick(name: string, ...flags: string[]): Promise<{ code: number | null; said: string; report: Report }> {
      const easy = ['--quick', '--rate', '100', '--p99', '300000']
      const { code, out, err } = await played(join(root, name), scenario, ...easy, ...flags)
      if (!existsSync(join(root, name, 'report.json'))) throw new Error(`no report, exit code ${code}: ${out}${err}`)
      return { code, said: out + err, report: reportOf(name) }
    },
  }
}

/** How many points of a timeline goodput is judged by at least. */
const JUDGED_POINTS_MIN = 4

/** Whether first attempts came long enough after the last fault: a process that comes back late leaves nothing to judge. */
export function isJudgedAfterFaults({ faults, timeline, scenario }: Report): boolean {
  const overMs = Math.max(...faults.map(({ untilMs }) => untilMs))
  const isAfter = (atMs: number) => atMs >= overMs && atMs + timeline.stepMs <= scenario.durationMs
  return timeline.points.filter(({ atMs }) => isAfter(atMs)).length >= JUDGED_POINTS_MIN
}

/** The run passed, and its accounting is spotless. */
export function expectPass({ code, said, report }: { code: number | null; said: string; report: Report }): void {
  expect(code, said).toBe(0)
  expect(report.verdict).toBe('PASS')
  expect(report.audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0, misjudged: 0 })
  expect(report.errors.filter((error) => error.includes('ended by itself'))).toEqual([])
}
