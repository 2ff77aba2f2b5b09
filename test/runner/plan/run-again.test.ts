import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runAgain } from '../../../src/runner/plan/run-again.ts'
import { everySetting, flagOf, type RunConfig, settingsOf, writtenName } from '../../../src/runner/plan/settings.ts'

/** What a shell makes of the line: npm's arguments, and the variables that it sets; or what it says, and no call. */
function called(line: string, env: Record<string, string> = {}) {
  const npm = 'npm() { for one in "$@"; do printf "%s\\0" "$one"; done; env | grep "^FLOODMARK_" >&2; }'
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `${npm}\n${line}`], {
    env: { PATH: process.env.PATH, ...env },
  })
  return { status, args: stdout.toString().split('\0').slice(0, -1), said: stderr.toString() }
}

/** The settings that the arguments stand for, as the command would read them. */
function read([run, script, scenario, dashes, ...flags]: readonly string[]) {
  expect([run, script]).toEqual(['run', 'scenario'])
  expect([undefined, '--']).toContain(dashes)
  const given: Record<string, unknown> = {}
  for (let at = 0; at < flags.length; at++) {
    const [, setting] = everySetting.find(([, one]) => flagOf(one) === flags[at])!
    given[writtenName(setting)] = setting.flag.includes(' ') ? flags[++at] : true
  }
  const { settings, mistakes } = settingsOf(scenario!, given as RunConfig)
  expect(mistakes).toEqual([])
  return { ...settings, given: undefined }
}

const text = fc.string({ minLength: 1 }).filter((one) => !one.includes('\0'))
const someSettings = fc.record(
  {
    ...{ provider: text, effects: fc.constantFrom('-', 'effects.txt', 'https://example.com/effects') },
    target: fc.constantFrom('http://127.0.0.1:8080/{provider}', 'https://example.com/hooks?from={provider}'),
    ...{ receiver: text, queue: text, ledger: text, shape: text, queueUrl: text, ledgerUrl: text },
    rate: fc.integer({ min: 1, max: 1e7 }),
    duration: fc.integer({ min: 1_000, max: 86_400_000 }).map((ms) => `${ms}ms`),
    spike: fc.integer({ min: 1, max: 1_000 }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    quick: fc.boolean(),
    processes: fc.integer({ min: 1, max: 64 }),
    fsync: fc.constantFrom('always' as const, 'everysec' as const),
    senders: fc.integer({ min: 1, max: 64 }),
    connectionsMax: fc.integer({ min: 1, max: 20_000 }),
    inFlightMax: fc.integer({ min: 1, max: 1e6 }),
    publishDeadline: fc.integer({ min: 1, max: 3_600_000 }),
    capacity: fc.integer({ min: 1, max: 1e7 }),
    p99: fc.integer({ min: 1, max: 3_600_000 }),
  },
  { requiredKeys: [] },
)

describe('the line of "Run it again"', () => {
  it('is short where nothing was set', () => {
    expect(runAgain(settingsOf('steady', {}).settings)).toBe('npm run scenario steady')
    const own = resolve('scenarios/steady.ts')
    expect(runAgain(settingsOf(own, {}).settings)).toBe('npm run scenario scenarios/steady.ts')
    expect(runAgain(settingsOf('/elsewhere/mine.ts', {}).settings)).toBe('npm run scenario /elsewhere/mine.ts')
  })

  it('repeats every setting, whatever it is, but the folder and the tag', () => {
    const names = new Set<string>()
    fc.assert(
      fc.property(text, someSettings, (scenario, given) => {
        fc.pre(!scenario.startsWith('-'))
        const { settings } = settingsOf(scenario, { ...given, out: 'somewhere' })
        const line = runAgain(settings)
        fc.pre(!line.startsWith('FLOODMARK_'))
        const again = read(called(line).args)
        expect({ ...again, out: undefined }).toEqual({ ...settings, out: undefined, given: undefined })
        for (const name of Object.keys(given)) names.add(name)
      }),
      { numRuns: 60 },
    )
    const all = everySetting.map(([, setting]) => writtenName(setting)).filter((name) => !['out', 'tag'].includes(name))
    expect([...names].sort()).toEqual(all.sort())
  })

  it('says so too where a setting was set to its default, for a config may say otherwise', () => {
    const { settings } = settingsOf('steady', { queue: 'embedded', quick: false })
    expect(runAgain(settings)).toBe('npm run scenario steady -- --queue embedded')
  })

  it('takes an address with a password from the environment, and has the shell ask for it', () => {
    const queueUrl = 'redis://me:hunter2@127.0.0.1:6379/0?password=hunter3'
    const { settings } = settingsOf('steady', { queueUrl, ledgerUrl: 'redis://h:1', senders: 2 })
    const line = runAgain(settings)
    expect(line).not.toContain('hunter')
    const without = called(line)
    expect(without.args).toEqual([])
    expect(without.status).not.toBe(0)
    expect(without.said).toContain('FLOODMARK_QUEUE_URL: set it to the whole address')
    const { args, said } = called(line, { FLOODMARK_QUEUE_URL: queueUrl })
    expect(said.trim()).toBe(`FLOODMARK_QUEUE_URL=${queueUrl}`)
    expect(args).toEqual('run scenario steady -- --ledger-url redis://h:1 --senders 2'.split(' '))
  })

  it('has the shell ask for what is secret of a target: its address, that of its effects, and what signed', () => {
    const [target, effects] = ['https://h/{provider}?code=hunter2', 'https://me:hunter2@h/effects']
    const signing = { 'label-studio': 'hunter2' }
    const line = runAgain({ ...settingsOf('steady', { target, effects }).settings, signing })
    expect(line).not.toMatch(/hunter|\*\*\*/)
    const env = { TARGET: target, EFFECTS: effects, FLOODMARK_SECRET_LABEL_STUDIO: 'hunter2' }
    for (const missing of Object.keys(env)) {
      const { status, args, said } = called(line, { ...env, [missing]: '' })
      expect([args, said]).toEqual([[], expect.stringContaining(`${missing}: set it to the`)])
      expect(status).not.toBe(0)
    }
    const { args, said } = called(line, env)
    expect(said.trim()).toBe('FLOODMARK_SECRET_LABEL_STUDIO=hunter2')
    expect(args).toEqual(['run', 'scenario', 'steady', '--', '--target', target, '--effects', effects])
    // A stack of ours has secrets of its own.
    expect(runAgain({ ...settingsOf('steady', {}).settings, signing })).toBe('npm run scenario steady')
  })

  it('is of no masked copy of an address', () => {
    const masked = 'https://h/hooks?code=***'
    const { mistakes } = settingsOf('steady', { target: masked, effects: masked, queueUrl: 'redis://h?password=***' })
    expect(mistakes.map(([setting]) => flagOf(setting))).toEqual(['--target', '--effects', '--queue-url'])
    for (const [, words] of mistakes) expect(words).toContain('is a masked copy of an address')
  })
})
