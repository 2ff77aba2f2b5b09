import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ceilingsSchema } from '../../../src/runner/compare/ceilings-schema.ts'
import { comparisonSchema } from '../../../src/runner/compare/comparison-schema.ts'
import { floodmark, runsFolder } from '../floodmark.ts'

const { root } = runsFolder()

describe('the command compare', () => {
  it.each([
    [['flash-sale', '--queues', 'embedded,kafca'], "unknown queue 'kafca': did you mean 'kafka'?"],
    [['flash-sale', '--rounds', '0'], "--rounds '0' is not a whole number from 1 to 100"],
    [['flash-sale', '--vary', 'speed=1,2'], "--vary 'speed=1,2' is not name=a,b with a name of receiver, "],
    [[], 'name a scenario, two runs, or --ceiling'],
    [['flash-sale', '--ceiling'], "--ceiling has a load of its own: leave 'flash-sale' out"],
    [['--ceiling', '--rate', '100'], '--ceiling sets --rate for each trial itself: leave it out'],
    [['--ceiling', '--budget', 'soon'], '--budget '],
    [['no-sale'], "unknown scenario 'no-sale'"],
    [['steady', '--resume', '/nowhere', '--force'], '/nowhere holds no comparison'],
    [['--ceiling', '--resume', '/nowhere', '--force'], '/nowhere holds no comparison of ceilings'],
    [['steady', '--allow', '5%'], '--allow is for two runs that exist, not for a scenario: leave it out'],
    [['--ceiling', '--rounds', '3'], '--rounds is for a scenario, not for --ceiling: leave it out'],
    [['one', 'other', '--queues', 'kafka'], '--queues says how runs are made, and these two exist: leave it out'],
    [['one', 'other', '--allow', '10'], "--allow '10' is not a share: write 10% or 0.1"],
    [['steady', '--vary', 'target=here,there'], "--target 'here' is no address that requests can be sent to"],
    [['steady', '--target', 'http://127.0.0.1:9/', '--queues', 'memory,embedded'], 'queue is of a stack of ours'],
    [
      ['--ceiling', '--vary', 'target=http://127.0.0.1:9/,http://127.0.0.1:8/', '--vary', 'fsync=always'],
      'fsync is of a',
    ],
    [['outage-recovery', '--target', 'http://127.0.0.1:9/'], 'cannot be sent to a --target'],
  ])('%j is a mistake, told in a line', async (args, told) => {
    const { code, err } = await floodmark('compare', ...args)
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(told) })
  })

  it('runs stacks in turns, keeps every run with its report, and goes on with more rounds', {
    timeout: 400_000,
    tags: 'full',
  }, async () => {
    const folder = join(root, 'compared')
    const easy = ['--quick', '--rate', '100', '--duration', '2', '--p99', '30s', '--force']
    const words = ['steady', '--queues', 'memory,embedded', '--ledger', 'memory', '--tag', 'mine', ...easy]
    const { code, out, err } = await floodmark('compare', ...words, '--rounds', '1', '--out', folder)
    // One run of each is too few to rank.
    expect(code, out + err).toBe(4)
    const read = () => comparisonSchema.parse(JSON.parse(readFileSync(join(folder, 'compare.json'), 'utf8')))
    const both = ['raw-http → memory → memory', 'raw-http → embedded → memory']
    // A run of each, and then a kill of each.
    expect(read().turns.map(({ scenario, stack }) => [scenario, stack])).toEqual(
      ['steady', 'takeover'].flatMap((scenario) => both.map((stack) => [scenario, stack])),
    )
    expect(read().scenarios[0]!.classes).toHaveLength(2)
    expect(read().tag).toBe('mine')
    const again = await floodmark('compare', ...words, '--rounds', '2', '--resume', folder, '--json')
    expect(again.code, again.out + again.err).toBe(4)
    // Nothing but the answer.
    expect(comparisonSchema.parse(JSON.parse(again.out))).toEqual(read())
    expect(read().turns.map(({ round }) => round)).toEqual([0, 0, 0, 0, 1, 1])
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['compare.html', 'compare.md', 'junit.xml', 'run-06']))
    expect(readdirSync(join(folder, 'run-06'))).toContain('report.html')
    expect(readFileSync(join(folder, 'compare.md'), 'utf8')).toContain(
      'npm run compare -- steady --queues memory,embedded',
    )
  })

  it('searches the ceilings of stacks in turns, and keeps every search with its page', {
    timeout: 400_000,
    tags: 'full',
  }, async () => {
    const folder = join(root, 'ceilings')
    const words = [
      '--ceiling',
      '--queues',
      'memory,embedded',
      '--ledger',
      'memory',
      '--trial',
      '2',
      '--max-rate',
      '300',
    ]
    const { code, out, err } = await floodmark(
      'compare',
      ...words,
      '--budget',
      '25',
      '--force',
      '--quiet',
      '--out',
      folder,
    )
    expect(out).toBe('')
    // Every stack takes more than so little, on most machines: none is ranked then.
    expect([0, 4], out + err).toContain(code)
    const read = () => ceilingsSchema.parse(JSON.parse(readFileSync(join(folder, 'compare.json'), 'utf8')))
    expect(
      read()
        .classes.flatMap(({ rows }) => rows.map(({ stack }) => stack))
        .toSorted(),
    ).toEqual(['raw-http → embedded → memory', 'raw-http → memory → memory'])
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['compare.html', 'compare.md', 'junit.xml', 'stack-02']))
    expect(readdirSync(join(folder, 'stack-01'))).toEqual(expect.arrayContaining(['ceiling.html', 'trials.jsonl']))
  })
})
