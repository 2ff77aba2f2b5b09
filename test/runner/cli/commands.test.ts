import { describe, expect, it } from 'vitest'
import { floodmark } from '../floodmark.ts'

const COMMANDS = ['scenario', 'compare', 'report', 'event', 'brokers', 'dlq', 'record', 'simulate', 'bench', 'traits']

describe('every command', () => {
  it('is listed, with what it does', async () => {
    const { code, out } = await floodmark('--help')
    expect(code).toBe(0)
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} .*[A-Z]`, 'm'))
  })

  it.each([...COMMANDS, ...['list', 'show', 'export', 'replay', 'purge'].map((action) => `dlq ${action}`)])(
    'explains itself with an example, its exits, and what holds without each flag: %s',
    async (command) => {
      const { code, out } = await floodmark(...command.split(' '), '--help')
      expect(code).toBe(0)
      expect(out).toMatch(/^Examples?:\n {2}npm run /m)
      expect(out).toMatch(/^Exits: /m)
      const flags = out
        .slice(out.indexOf('Options:'))
        .split(/\n {2}(?=-)/)
        .slice(1)
      for (const flag of flags.filter((text) => text.startsWith('--'))) {
        // A line break of the help may stand between any two words.
        const words = flag.replace(/\s+/g, ' ')
        if (/^--(all|resume|expired|force|json) /.test(words)) continue
        expect(words).toMatch(/\(default: |must be given|there is no default/)
      }
    },
  )

  it.each([
    [['scenaro'], "there is no command 'scenaro': did you mean 'scenario'?"],
    [['frobnicate'], "there is no command 'frobnicate': use one of scenario, ceiling, "],
    [['scenario', 'steady', '--quue', 'kafka'], 'Did you mean --queue?'],
    [['dlq', 'reply'], 'Did you mean replay?'],
    [['scenario', 'steady', '--rate'], "option '--rate <events/s>' argument missing"],
    [['simulate', '--seed', 'x'], "--seed 'x' is not a whole number: write 4 or 2k"],
    [['simulate', '--scenario', 'posion'], "unknown scenario 'posion': did you mean 'poison'?"],
  ])('that is mistyped is mended in words, with exit 2: %j', async (args, words) => {
    const { code, err } = await floodmark(...args)
    expect(code).toBe(2)
    expect(err).toContain(words)
    expect(err).toMatch(/^floodmark: /)
    expect(err).not.toContain('Invalid input')
  })
})
