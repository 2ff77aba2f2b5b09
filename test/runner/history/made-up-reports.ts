import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from '../report/made-up-run.ts'

const { folder, record } = await madeUpRun()
const whole = await summarise(folder, record)

/** A report of a run that went well, in which every wait is so many times as long. */
export function reportWith({ times = 1, ...changes }: Partial<Report> & { readonly times?: number } = {}): Report {
  // Copied as deep as tests change it: a whole copy takes milliseconds, and some tests make hundreds.
  const { latency, audit, scenario, settings, checks } = whole
  const report: Report = {
    ...whole,
    latency: structuredClone(latency),
    ...{ audit: { ...audit }, scenario: { ...scenario }, settings: { ...settings }, checks: [...checks] },
  }
  const around = (ms: number) => ({ ms: ms * times, lowMs: ms * times * 0.95, highMs: ms * times * 1.05 })
  const waits = { count: 9_000, p50: around(2), p90: around(5), p99: around(20), maxMs: 50 * times }
  for (const phase of report.latency.phases) phase.acceptedFirst = phase.eventToAccepted = phase.eventToEffect = waits
  report.latency.accepted = { first: waits, all: waits }
  report.latency.event = { toAccepted: waits, toEffect: waits }
  return { ...report, verdict: 'PASS', ...changes }
}

/** Writes it as a run leaves it. */
export function writeRun(root: string, name: string, report: Report): string {
  const at = join(root, name)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'run.json'), '{}')
  writeFileSync(join(at, 'report.json'), JSON.stringify(report))
  return at
}
