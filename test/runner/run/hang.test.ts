// @module-tag full: real runs of half a minute each.
import { expect, it } from 'vitest'
import { floodmark, planted, runsFolder } from '../floodmark.ts'

const { root, reportOf } = runsFolder()
const WAITED = /FAIL {2}attempts not sent, because every connection waited for the stack: +[\d,]+ events/

/** The stack stands still for 6 s, and what its run says. */
async function hung(name: string, ...load: string[]) {
  const { code, out, err } = await floodmark('scenario', planted('scenario-hangs'), ...load, '--out', `${root}/${name}`)
  const report = reportOf(name)
  const generatorFailed = report.checks.filter(({ about, ok }) => about === 'generator' && ok === false)
  return { ...report, code, out, said: out + err, generatorFailed: generatorFailed.map(({ id }) => id) }
}

it('a stack that hangs has failed, and the report says that every connection waited for it', async () => {
  const load = ['--rate', '200', '--duration', '8', '--connections-max', '400']
  const { code, verdict, checks, generator, generatorFailed, out, said } = await hung('hung', ...load)
  // A machine that keeps the sender from its schedule says nothing about the stack, here as anywhere.
  expect(
    generatorFailed.filter((id) => !LATE.includes(id)),
    said,
  ).toEqual([])
  if (generatorFailed.length === 0) expect([code, verdict]).toEqual([1, 'FAIL'])
  expect(generator.waiting.events).toBeGreaterThan(100)
  expect(checks.find(({ id }) => id === 'connections-waiting')?.ok).toBe(false)
  expect(out).toMatch(WAITED)
})

const highest = 'and so has one at the highest rate for which this machine certifies the sender'
it(highest, { timeout: 600_000 }, async () => {
  for (const rate of RATES) {
    // Of the connections there are as many as the load takes in two seconds: the stack stands still for longer.
    const load = ['--rate', String(rate), '--duration', '10', '--connections-max', String(2 * rate)]
    const { code, verdict, checks, generatorFailed, out, said } = await hung(`at-${rate}`, ...load)
    // Where the sender is late even at the lowest, the rest is looked at all the same.
    if (generatorFailed.some((id) => rate !== RATES.at(-1) || !LATE.includes(id))) continue
    if (generatorFailed.length === 0) expect([code, verdict], said).toEqual([1, 'FAIL'])
    expect(checks.find(({ id }) => id === 'connections-waiting')?.ok, said).toBe(false)
    expect(out).toMatch(WAITED)
    return
  }
  throw new Error('at no rate was the sender on time: end what else this machine does')
})

const RATES = [4_000, 2_000, 1_000, 500, 250, 100]
const LATE = ['generator-lateness', 'generator-event-loop']
