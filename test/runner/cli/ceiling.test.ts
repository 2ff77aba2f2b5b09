import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { ceilingSchema } from '../../../src/runner/search/ceiling-schema.ts'
import { floodmark, startIn } from '../floodmark.ts'

const STACK = ['--queue', 'memory', '--ledger', 'memory', '--max-rate', '300', '--p99', '30s', '--trial', '2s']

describe('the command ceiling', () => {
  it('refuses a budget in which not one trial ends', async () => {
    const out = join(mkdtempSync(join(tmpdir(), 'floodmark-ceiling-')), 'search')
    onTestFinished(() => rmSync(join(out, '..'), { recursive: true, force: true }))
    const { code, err } = await floodmark('ceiling', ...STACK, '--trial', '9s', '--budget', '10s', '--out', out)
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringContaining('--budget leaves no time for one trial'),
    })
  })

  it('keeps every trial, shows what it knows when the time is over, and goes on', {
    tags: 'full',
  }, async () => {
    const home = mkdtempSync(join(tmpdir(), 'floodmark-ceiling-'))
    afterAll(() => rmSync(home, { recursive: true, force: true }))
    const folder = join(home, 'reports', 'search')
    const words = ['ceiling', ...STACK, '--budget', '25s', '--out', 'reports/search']
    const { code, out, err } = await startIn(home, ...words).ended
    expect([0, 4], out + err).toContain(code)
    const linesOf = () => readFileSync(join(folder, 'trials.jsonl'), 'utf8').trim().split('\n')
    const begun = linesOf()
    expect(begun.length).toBeGreaterThan(1)
    const ceiling = ceilingSchema.parse(JSON.parse(readFileSync(join(folder, 'ceiling.json'), 'utf8')))
    expect(ceiling.acceptP99Ms).toBe(30_000)
    expect(ceiling.trials).toHaveLength(begun.length - 1)
    expect(ceiling.trials[0]).toMatchObject({ purpose: 'saturation', ratePerS: 300 })
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['ceiling.html', 'trial-01']))
    expect(out).toContain('ceiling.html')
    expect(readFileSync(join(home, 'reports', 'index.html'), 'utf8')).toContain('href="search/ceiling.html"')

    const again = await floodmark('ceiling', '--budget', '15s', '--resume', folder, '--json')
    expect([0, 4], again.out + again.err).toContain(again.code)
    // By the flags that it was begun with, and nothing but the answer.
    const more = ceilingSchema.parse(JSON.parse(again.out))
    expect(more.trials.length).toBeGreaterThanOrEqual(begun.length - 1)
    // Either can be begun anew by its line, wherever it was begun.
    for (const { reproduce } of [ceiling, more]) {
      expect(reproduce).toMatch(/^npm run ceiling -- .*--p99 30s.* --trial 2s --max-rate 300 --budget \d+s$/)
    }
    expect(linesOf().slice(0, begun.length)).toEqual(begun)
    const other = await floodmark('ceiling', '--queue', 'embedded', '--resume', folder)
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining('other settings') })
  })

  it.each([
    [['--trial', '1s'], "--trial '1s' is less than 2s"],
    [['--budget', 'soon'], "--budget 'soon' is not a length of time: write 30s"],
    [['--max-rate', '3'], "--max-rate '3' is less than 10/s"],
    [['--resume', '/nowhere'], '/nowhere holds no search for a ceiling'],
    [['--target', 'http://127.0.0.1:9/x', '--binds'], '--binds delays parts of a stack'],
  ])('%s is a mistake, told in a line', async (flags, told) => {
    const { code, err } = await floodmark('ceiling', ...flags)
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(told) })
  })
})
