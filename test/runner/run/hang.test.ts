// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { floodmark, planted, runsFolder } from '../floodmark.ts'

const { root, reportOf } = runsFolder()

it('a stack that hangs has failed, and the report says that every connection waited for it', async () => {
  const load = ['--rate', '200', '--duration', '8', '--connections-max', '400']
  const { code, out, err } = await floodmark('scenario', planted('scenario-hangs'), ...load, '--out', `${root}/hung`)
  const { verdict, checks, generator } = reportOf('hung')
  const generatorFailed = checks.filter(({ about, ok }) => about === 'generator' && ok === false)
  // A machine that keeps the sender from its schedule says nothing about the stack, here as anywhere.
  expect(
    generatorFailed.map(({ id }) => id).filter((id) => !LATE.includes(id)),
    out + err,
  ).toEqual([])
  if (generatorFailed.length === 0) expect([code, verdict]).toEqual([1, 'FAIL'])
  expect(generator.waiting.events).toBeGreaterThan(100)
  expect(checks.find(({ id }) => id === 'connections-waiting')?.ok).toBe(false)
  expect(out).toMatch(/FAIL {2}attempts not sent, because every connection waited for the stack: \d+ events/)
}, 90_000)

const LATE = ['generator-lateness', 'generator-event-loop']
