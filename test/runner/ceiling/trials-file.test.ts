import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { searchAgain, searchAnew } from '../../../src/runner/ceiling/search-again.ts'
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
  TrialsFile.begin(folder, begun, 3_000, 2_500).close()
  const { settings: found, trialMs, ratePerSMax } = goingOn(folder, settingsOf('steady', {}).settings, [])
  expect(found).toMatchObject({ queue: 'memory', acceptP99Ms: 200, provider: 'stripe' })
  expect({ trialMs, ratePerSMax }).toEqual({ trialMs: 3_000, ratePerSMax: 2_500 })
  TrialsFile.resume(folder, found, trialMs).close()
  const other = goingOn(folder, settingsOf('steady', { p99: '300ms' }).settings, ['acceptP99Ms']).settings
  expect(() => TrialsFile.resume(folder, other, trialMs)).toThrow('other settings: --p99 must be as it was begun')
  // What a config sets was set at the beginning too, and a flag was over it.
  const byConfig = goingOn(folder, settingsOf('steady', { queue: 'kafka' }).settings, []).settings
  TrialsFile.resume(folder, byConfig, trialMs).close()

  rmSync(join(folder, 'trials.jsonl'))
  const target = 'http://127.0.0.1:9/x'
  TrialsFile.begin(folder, settingsOf('steady', { target }).settings, 3_000).close()
  const unasked = goingOn(folder, settingsOf('steady', {}).settings, []).settings
  expect(unasked.target).toBeUndefined()
  expect(() => TrialsFile.resume(folder, unasked, 3_000)).toThrow('other settings: --target must')
})

it('goes on with the whole address that is given anew, which the file has without its password', () => {
  TrialsFile.begin(folder, settings, 3_000).close()
  const { settings: unasked } = goingOn(folder, settingsOf('steady', {}).settings, [])
  expect(unasked.queueUrl).toBeUndefined()
  expect(() => TrialsFile.resume(folder, unasked, 3_000)).toThrow('other settings: --queue-url must')
  const { settings: found } = goingOn(folder, settings, [])
  expect(found.queueUrl).toBe('redis://me:secret@127.0.0.1:1')
  TrialsFile.resume(folder, found, 3_000).close()
})

it('goes on at a target only with secrets of the same providers, and holds no secret', () => {
  const at = settingsOf('steady', { target: 'http://127.0.0.1:9/x' }).settings
  const signed = { ...at, signing: { stripe: 'hunter2' } }
  TrialsFile.begin(folder, signed, 3_000).close()
  expect(readFileSync(join(folder, 'trials.jsonl'), 'utf8')).not.toContain('hunter2')
  TrialsFile.resume(folder, goingOn(folder, signed, []).settings, 3_000).close()
  const words = 'the secrets (give FLOODMARK_SECRET_STRIPE and no other) must be as it was begun'
  for (const signing of [{}, { github: 'hunter2' }, { ...signed.signing, github: 'hunter2' }])
    expect(() => TrialsFile.resume(folder, { ...at, signing }, 3_000)).toThrow(words)
  const line = searchAgain('a', signed, { maxRate: undefined, budget: undefined, binds: undefined })
  expect(line).toMatch(
    /^FLOODMARK_SECRET_STRIPE="\$\{FLOODMARK_SECRET_STRIPE:\?[^"]*" npm run ceiling -- --resume a --target/,
  )

  rmSync(join(folder, 'trials.jsonl'))
  TrialsFile.begin(folder, at, 3_000).close()
  expect(() => TrialsFile.resume(folder, signed, 3_000)).toThrow('none was given')
})

it('is gone on with by a line that can be typed, with what the folder does not hold', () => {
  const bare = { maxRate: undefined, budget: undefined, binds: undefined }
  expect(searchAgain('reports/a', settingsOf('steady', { p99: '200ms' }).settings, bare)).toBe(
    'npm run ceiling -- --resume reports/a',
  )
  const flags = { maxRate: '3k', budget: '30m', binds: true }
  expect(searchAgain('a b', settingsOf('steady', { target: 'http://127.0.0.1:9/{provider}' }).settings, flags)).toBe(
    "npm run ceiling -- --resume 'a b' --target 'http://127.0.0.1:9/{provider}' --max-rate 3k --budget 30m --binds",
  )
  const open = settingsOf('steady', { queueUrl: 'redis://127.0.0.1:1' }).settings
  expect(searchAgain('a', open, bare)).toBe('npm run ceiling -- --resume a --queue-url redis://127.0.0.1:1')
  const line = searchAgain('a', settings, bare)
  expect(line).toMatch(/^FLOODMARK_QUEUE_URL="\$\{FLOODMARK_QUEUE_URL:\?[^"]*" npm run ceiling -- --resume a$/)
  expect(line).not.toContain('secret')
})

it('can be begun anew by a line that repeats what was not usual, with no password', () => {
  const usual = { trial: undefined, maxRate: undefined, budget: undefined, binds: undefined }
  expect(searchAnew(settingsOf('steady', {}).settings, usual)).toBe('npm run ceiling')
  const { settings: own } = settingsOf('steady', { queue: 'memory', p99: '200ms' })
  const given = { trial: '3s', maxRate: '2500', budget: '10m', binds: true }
  expect(searchAnew(own, given)).toBe(
    'npm run ceiling -- --queue memory --p99 200ms --trial 3s --max-rate 2500 --budget 10m --binds',
  )
  expect(searchAnew(settings, usual)).not.toContain('secret')
})
