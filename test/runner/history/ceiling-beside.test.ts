import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ceilingBeside } from '../../../src/runner/history/ceiling-beside.ts'
import { recorded, settingsOf } from '../../../src/runner/plan/settings.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'floodmark-beside-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))
const environment = { node: 'v26', platform: 'Linux', cpu: 'cpu', cores: 2, memoryBytes: 1 }
const settings = recorded(settingsOf('steady', {}).settings)
const interval = { low: 900, mid: 1_000, high: 1_100 }

function search(name: string, startedAt: string, soakedPerS: number, other: object = {}, about: object = {}) {
  const found = { kind: 'found', interval, soakedPerS, ...other }
  const made = { settings, environment, acceptP99Ms: 100, drifted: false, startedAt, found, ...about }
  mkdirSync(join(root, name))
  writeFileSync(join(root, name, 'ceiling.json'), JSON.stringify(made))
}
const beside = (changes: object = {}, machine = environment, acceptP99Ms = 100) =>
  ceilingBeside(
    { settings: { ...settings, ...changes }, environment: machine, setup: { acceptP99Ms } },
    join(root, 'run'),
  )

describe('the ceiling that stands beside a run', () => {
  it('is what the newest search soaked, whatever load the run has', () => {
    search('old', '2026-01-01T08:00:00.000Z', 850)
    search('new', '2026-01-02T08:00:00.000Z', 900)
    const found = { soakedPerS: 900, page: '../new/ceiling.html' }
    expect(beside()).toEqual(found)
    for (const load of [{ ratePerS: 70 }, { scenario: 'flash-sale' }, { seed: 2, tag: 'a', out: 'b' }, { quick: true }])
      expect(beside(load)).toEqual(found)
  })

  it('is never that of another stack, machine or question', () => {
    search('one', '2026-01-01T08:00:00.000Z', 900)
    const ours = [{ queue: 'kafka' }, { fsync: 'everysec' }, { processes: 2 }, { queueUrl: 'redis://h' }]
    const limits = [{ connectionsMax: 9 }, { inFlightMax: 9 }, { publishDeadlineMs: 9 }, { capacityPerS: 9 }]
    for (const other of [...ours, ...limits, { target: 'https://a.example/' }, { provider: 'stripe' }, { senders: 2 }])
      expect(beside(other), JSON.stringify(other)).toBeUndefined()
    expect(beside({}, { ...environment, cores: 8 })).toBeUndefined()
    expect(beside({}, environment, 200)).toBeUndefined()
  })

  it('is none of a search that does not know it', () => {
    search('known', '2026-01-01T08:00:00.000Z', 850, { kind: 'budget-over' }, { interrupted: true })
    search('machine', '2026-01-02T08:00:00.000Z', 900, { kind: 'not-measurable' })
    search('lowest', '2026-01-02T08:00:01.000Z', 900, { kind: 'below-lowest' })
    search('sender', '2026-01-02T08:00:02.000Z', 900, { kind: 'generator-bound' })
    search('wide', '2026-01-02T08:00:03.000Z', 900, { interval: { ...interval, high: 1_400 } })
    search('never', '2026-01-02T08:00:04.000Z', 900, { kind: 'budget-over', interval: null })
    search('dry', '2026-01-02T08:00:05.000Z', 900, { soakedPerS: null })
    search('moved', '2026-01-02T08:00:06.000Z', 900, {}, { drifted: true })
    expect(beside()).toEqual({ soakedPerS: 850, page: '../known/ceiling.html' })
  })
})
