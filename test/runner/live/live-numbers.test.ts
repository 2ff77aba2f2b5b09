// @module-tag full: whole runs.
import { expect, it } from 'vitest'
import type { LiveSample } from '../../../src/runner/live/live-messages.ts'
import { planted, runsFolder, start } from '../floodmark.ts'
import { addressOf, eventsOf } from './watched.ts'

const { root, reportOf } = runsFolder()

/** The last numbers that a page was told of a run, and the run's report. */
async function lastOf(name: string, scenario: string, ...flags: string[]) {
  const easy = ['--rate', '300', '--duration', '4', '--p99', '300000', '--quick', '--quiet']
  const { child, ended } = start('scenario', scenario, ...easy, ...flags, '--live', '--out', `${root}/${name}`)
  let last: LiveSample | undefined
  const address = await addressOf(child)
  for await (const [event, data] of eventsOf(address)) {
    if (event === 'sample') last = data.sample as LiveSample
    if (event === 'done') break
  }
  // Whoever looks takes the report.
  await fetch(`${address}report`).then((response) => response.text())
  const { code, out, err } = await ended
  // 5: the machine was too busy to send as planned, and the numbers are those of the report all the same.
  expect([0, 4, 5], out + err).toContain(code)
  return { last: last!, report: reportOf(name) }
}

it.each([
  ['steady', []],
  [planted('scenario-kills'), []],
  ['duplicate-storm', []],
  ['retry-storm', ['--capacity', '250']],
])('the last numbers of the page are those of the report: %s', async (scenario, flags) => {
  const { last, report } = await lastOf(`live-${scenario.length}`, scenario, ...flags)
  const { audit, notAccepted, latency } = report
  const sent = audit.planned - audit.unsent
  const accepted = latency.accepted.all.count
  const { refused, unanswered } = notAccepted
  expect(last).toMatchObject({
    ...{ sent, accepted, refused, unanswered, unsent: audit.unsent },
    retries: accepted + refused + unanswered - sent,
    ...{ applied: audit.applied, buried: audit.buried },
  })
  // Of one sender it is that of the whole run, to three digits.
  const { p99 } = latency.accepted.first
  if (p99) expect(Math.abs(last.firstP99Ms! / p99.ms - 1)).toBeLessThan(0.01)
})
