import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { goingOn, TrialsFile } from '../../../src/runner/ceiling/trials-file.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import type { TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodmark-trials-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const { settings } = settingsOf('steady', { queueUrl: 'redis://me:secret@127.0.0.1:1' })
const passed = 'passed'
const clauses = {
  harm: passed,
  refusals: passed,
  backlog: passed,
  response: passed,
  effect: passed,
  other: passed,
} as const
const trial: TrialRecord = {
  ...{ purpose: 'anchor', ratePerS: 500, outcome: 'passed', limit: null, donePerS: 499, acceptedPerS: 500 },
  ...{ clauses, sender: 'fit', drainPerS: null, usages: [], beside: null, cores: null, repeatsPerEvent: 0 },
  ...{ durability: null, machine: { othersCores: 0, stolen: 0 } },
  ...{ response: { count: 3_000, maxMs: 9 }, heldMs: 4_200, sampleP99Ms: 7, cpuPer1000: { receiver: 0.3 } },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', tookMs: 9_000, folder: 'trial-01' },
}

it('holds every trial for a search that goes on, and no password', () => {
  const begun = TrialsFile.begin(folder, settings, 6_000)
  begun.add(trial)
  begun.close()
  expect(readFileSync(join(folder, 'trials.jsonl'), 'utf8')).not.toContain('secret')
  const again = TrialsFile.resume(folder, settings, 6_000)
  expect(again.trials).toEqual([trial])
  again.close()
})

it('a torn last line was no trial, and the next one has a line of its own', () => {
  const begun = TrialsFile.begin(folder, settings, 6_000)
  begun.add(trial)
  begun.close()
  appendFileSync(join(folder, 'trials.jsonl'), '{"purpose":"sear')
  const again = TrialsFile.resume(folder, settings, 6_000)
  again.add(trial)
  again.close()
  const last = TrialsFile.resume(folder, settings, 6_000)
  expect(last.trials).toEqual([trial, trial])
  last.close()
})

it('is refused with other settings, where there is none, and when it cannot be read', () => {
  expect(() => TrialsFile.resume(folder, settings, 6_000)).toThrow('there is no trials.jsonl')
  TrialsFile.begin(folder, settings, 6_000).close()
  expect(() => TrialsFile.resume(folder, { ...settings, queue: 'memory' }, 6_000)).toThrow('other settings')
  expect(() => TrialsFile.resume(folder, settings, 3_000)).toThrow('other settings')
  writeFileSync(join(folder, 'trials.jsonl'), 'x\n')
  expect(() => TrialsFile.resume(folder, settings, 6_000)).toThrow(
    'was written by another version of floodmark: begin a new search',
  )
})

it('goes on by the settings that it was begun with, and takes no server of somebody else from the file', () => {
  const begun = settingsOf('steady', { queue: 'memory', p99: '200ms', provider: 'stripe' }).settings
  TrialsFile.begin(folder, begun, 3_000).close()
  const { settings: found, trialMs } = goingOn(folder, settingsOf('steady', {}).settings)
  expect(found).toMatchObject({ queue: 'memory', acceptP99Ms: 200, provider: 'stripe' })
  expect(trialMs).toBe(3_000)
  TrialsFile.resume(folder, found, trialMs).close()
  const other = goingOn(folder, settingsOf('steady', { p99: '300ms' }).settings).settings
  expect(() => TrialsFile.resume(folder, other, trialMs)).toThrow('other settings')

  rmSync(join(folder, 'trials.jsonl'))
  const target = 'http://127.0.0.1:9/x'
  TrialsFile.begin(folder, settingsOf('steady', { target }).settings, 3_000).close()
  const unasked = goingOn(folder, settingsOf('steady', {}).settings).settings
  expect(unasked.target).toBeUndefined()
  expect(() => TrialsFile.resume(folder, unasked, 3_000)).toThrow('other settings')
})
