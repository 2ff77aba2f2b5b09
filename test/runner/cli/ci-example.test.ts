import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { floodmark } from '../floodmark.ts'

const file = new URL('../../../examples/ci.yml', import.meta.url)
const { jobs } = parse(readFileSync(file, 'utf8')) as { jobs: Record<string, { steps: { run?: string }[] }> }
const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = '' }) => run.split('\n')))
const commands = lines.flatMap((line) => line.match(/npm .*run (\w+) (.*)/)?.slice(1) ?? [])

describe('examples/ci.yml', () => {
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
