import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ceilingBeside } from '../../../src/runner/history/ceiling-beside.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-beside-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const environment = { node: 'v26', platform: 'Linux', cpu: 'cpu', cores: 2, memoryBytes: 1 }
const { settings } = settingsOf('steady', {})

function search(name: string, perS: number, startedAt: string) {
  const found = { kind: 'found', interval: { low: perS * 0.9, mid: perS, high: perS * 1.1 }, soakedPerS: null }
  mkdirSync(join(root, name))
  writeFileSync(join(root, name, 'ceiling.json'), JSON.stringify({ settings, environment, startedAt, found }))
}
search('old', 1_000, '2026-01-01T08:00:00.000Z')
search('new', 2_000, '2026-01-02T08:00:00.000Z')
const beside = (changes: object, machine = environment) =>
  ceilingBeside({ settings: { ...settings, ...changes }, environment: machine }, join(root, 'run'))

describe('the ceiling that stands beside a run', () => {
  it('is the newest one', () => {
    expect(beside({ acceptP99Ms: 100 })).toEqual({ perS: 2_000, page: '../new/ceiling.html' })
  })

  it('is never that of another stack or machine', () => {
    for (const other of [{ target: 'https://a.example/' }, { queue: 'kafka' }, { fsync: 'everysec' }, { processes: 2 }])
      expect(beside(other)).toBeUndefined()
    expect(beside({}, { ...environment, cores: 8 })).toBeUndefined()
  })
})
