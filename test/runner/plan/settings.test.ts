import { describe, expect, it } from 'vitest'
import { isValueOf, readSettings } from '../../../src/runner/cli/settings/read-settings.ts'
import { countOf, msOf, timeText } from '../../../src/runner/plan/quantities.ts'
import {
  everySetting,
  flagOf,
  recorded,
  recordedSettings,
  SETTINGS,
  settingsOf,
  writtenName,
} from '../../../src/runner/plan/settings.ts'

/** A value for every setting, none of them the default. */
const GIVEN = {
  ...{ receiver: './my receiver.ts', queue: 'kafka', ledger: 'redis', rate: '1.5k', duration: '90s', spike: '20x' },
  ...{ shape: "it's.csv", seed: 7, quick: true, processes: 2, queueUrl: 'kafka://me@h:1', ledgerUrl: 'redis://h:2' },
  ...{ fsync: 'everysec' as const, senders: '2', connectionsMax: '2k', inFlightMax: 70, publishDeadline: '1.5s' },
  ...{ capacity: '280/s', p99: 250, out: 'reports/mine', tag: 'main' },
  ...{ target: 'https://example.com/{provider}', effects: 'effects.txt', provider: 'github' },
} as const

describe('values as people write them', () => {
  it.each([
    ['30s', 30_000],
    ['200ms', 200],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['5 min', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['30', 30_000],
    [30, 30_000],
    ['', undefined],
    ['-3s', undefined],
    ['abc', undefined],
    ['3 s 4', undefined],
    [Number.NaN, undefined],
  ])('the length of time %j is %j ms', (written, ms) => {
    expect(msOf(written, 's')).toBe(ms)
    if (typeof written === 'number' && ms) expect(msOf(written, 'ms')).toBe(written)
  })

  it.each([
    ['300', 300],
    ['3k', 3_000],
    ['1.5k', 1_500],
    ['2M', 2_000_000],
    ['0.29k', 290],
    ['500/s', 500],
    ['3k/s', 3_000],
    [500, 500],
    ['500/m', undefined],
    ['fast', undefined],
    ['1e3', undefined],
    ['-3', undefined],
  ])('the rate %j is %j a second', (written, perS) => {
    expect(countOf(written, '/s')).toBe(perS)
  })

  it('a length of time is written so that it reads back the same', () => {
    for (const ms of [0, 1, 200, 999, 1_000, 1_500, 1_234, 60_000, 90_000, 3_600_000, 86_400_000])
      expect(msOf(timeText(ms), 's'), timeText(ms)).toBe(ms)
  })
})

describe('the table of settings', () => {
  it('has each flag once, and every setting is set by what GIVEN holds', () => {
    const flags = everySetting.map(([, setting]) => flagOf(setting))
    expect(new Set(flags).size).toBe(flags.length)
    expect(everySetting.map(([, setting]) => writtenName(setting)).sort()).toEqual(Object.keys(GIVEN).sort())
  })

  it('gives ms, events a second and counts, whatever they were written as', () => {
    const { settings, mistakes } = settingsOf('steady', GIVEN)
    expect(mistakes).toEqual([])
    expect(settings).toMatchObject({ ratePerS: 1_500, durationMs: 90_000, spike: 20, connectionsMax: 2_000 })
    expect(settings).toMatchObject({ publishDeadlineMs: 1_500, capacityPerS: 280, acceptP99Ms: 250, senders: 2 })
  })

  it('takes an address from the environment, which no process inherits, after a flag and before the config', async () => {
    const address = 'redis://:hunter2@h:1'
    const set = () => {
      process.env.FLOODMARK_LEDGER_URL = address
    }
    set()
    expect((await readSettings('steady', {})).ledgerUrl).toBe(address)
    expect(process.env.FLOODMARK_LEDGER_URL).toBeUndefined()
    expect((await readSettings('steady', {})).ledgerUrl).toBeUndefined()
    set()
    expect((await readSettings('steady', { ledgerUrl: 'redis://other' })).ledgerUrl).toBe('redis://other')
  })

  it('writes down no password', () => {
    const queueUrl = 'redis://me:hunter2@127.0.0.1:6379/0?password=hunter3'
    const { settings } = settingsOf('steady', { queueUrl, ledgerUrl: 'redis://:hunter4@h' })
    expect(settings.queueUrl).toBe(queueUrl)
    expect(JSON.stringify(recorded(settings))).not.toContain('hunter')
    expect(recorded(settings).queueUrl).toBe('redis://me@127.0.0.1:6379/0?password=***')
  })

  it.each([
    ['redis://me:p@hunter2@h:6379/0', 'redis://me@h:6379/0'],
    ['redis://me:a/hunter2@h', 'redis://me@h'],
    ['redis://:1234hunter2@h', 'redis://@h'],
    ['redis://me:123@h', 'redis://me@h'],
    ['me:hunter2@h:6379', 'me@h:6379'],
    ['kafka+ssl://me:hunter2@a:1,b:2/orders?ca=x', 'kafka+ssl://me@a:1,b:2/orders?ca=x'],
    ['postgres://app@shopdb:hunter2@host/db', 'postgres://app@shopdb@host/db'],
    ['redis://me:a "hunter2@h', 'redis://me@h'],
    ['redis://h:6379/0', 'redis://h:6379/0'],
    ['kafka://a:9092,b:9092/t?ca=/x/me@y.pem', 'kafka://a:9092,b:9092/t?ca=/x/me@y.pem'],
    ['https://h:8443/@me', 'https://h:8443/@me'],
    ['./data/me@home', './data/me@home'],
  ])('shows %s as %s', (url, shown) => {
    expect(recorded(settingsOf('steady', { queueUrl: url }).settings).queueUrl).toBe(shown)
  })

  it('is read back from a record as it was', () => {
    const { settings } = settingsOf('steady', GIVEN)
    expect(recordedSettings.parse(JSON.parse(JSON.stringify(recorded(settings))))).toEqual(recorded(settings))
    expect(() => recordedSettings.parse({ ...settings, seed: 'x' })).toThrow()
  })

  it.each([
    ['--rate', 'abc', "'abc' is not a number of events per second: write 300, 3k or 3000/s"],
    ['--rate', '0', "'0' is less than 1/s"],
    ['--duration', '2d', "'2d' is more than 24h"],
    ['--p99', 'soon', "'soon' is not a length of time: write 200ms, 1.5s or 5m (a bare number is in ms)"],
    ['--seed', '1.5', "'1.5' is not a whole number: write 4 or 2k"],
    ['--fsync', 'allways', "must be one of always, everysec, not 'allways': did you mean 'always'?"],
    ['--spike', 'x', "'x' is not a factor: write 20 or 2.5"],
    ['--queue', '', 'must not be empty'],
  ])('says of %s %j in plain words: %s', (flag, value, words) => {
    const [, setting] = everySetting.find(([, one]) => flagOf(one) === flag)!
    expect(settingsOf('steady', { [writtenName(setting)]: value }).mistakes).toEqual([[setting, words]])
    expect(isValueOf(flag, value)).toBe(false)
  })

  it('has a help text for each, and words for what holds without it', () => {
    for (const [name, { help, unset, schema }] of Object.entries(SETTINGS) as typeof everySetting) {
      expect(help.length, name).toBeGreaterThan(10)
      expect((schema.parse(undefined) === undefined) === (unset !== undefined), name).toBe(true)
    }
  })
})
