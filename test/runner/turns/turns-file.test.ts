import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stacksOf, variedOf } from '../../../src/runner/compare/stacks.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { mustHoldSearches } from '../../../src/runner/turns/ceiling-turns.ts'
import { TurnsFile } from '../../../src/runner/turns/turns-file.ts'
import { turn } from '../compare/made-up-turns.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodmark-turns-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const { settings } = settingsOf('steady', { queueUrl: 'redis://me:secret@127.0.0.1:1' })
const compared = { scenarios: ['steady'], stacks: stacksOf(settings, [variedOf('queue=redis-streams,bullmq')]) }

it('holds every run for a comparison that goes on, without a torn last line, and no password', () => {
  const begun = TurnsFile.begin(folder, compared)
  begun.add(turn('a', 0))
  begun.close()
  const path = join(folder, 'turns.jsonl')
  expect(readFileSync(path, 'utf8')).not.toContain('secret')
  appendFileSync(path, '{"scenario":"st')
  const again = TurnsFile.resume(folder, compared)
  again.add(turn('a', 1))
  again.close()
  const last = TurnsFile.resume(folder, compared)
  expect(last.turns).toEqual([turn('a', 0), turn('a', 1)])
  last.close()
})

it('is refused for other stacks or scenarios, and where there is none', () => {
  expect(() => TurnsFile.resume(folder, compared)).toThrow('there is no turns.jsonl')
  expect(() => mustHoldSearches(folder)).toThrow('there is no stack-01')
  mkdirSync(join(folder, 'stack-01'))
  expect(() => TurnsFile.resume(folder, compared)).toThrow('compares ceilings: give --ceiling')
  expect(() => mustHoldSearches(folder)).not.toThrow()
  rmSync(join(folder, 'stack-01'), { recursive: true })
  TurnsFile.begin(folder, compared).close()
  expect(() => mustHoldSearches(folder)).toThrow('compares runs, not ceilings: leave --ceiling out')
  expect(() => TurnsFile.resume(folder, { ...compared, scenarios: ['replay'] })).toThrow('compares something else')
  const others = stacksOf({ ...settings, seed: 2 }, [variedOf('queue=redis-streams,bullmq')])
  expect(() => TurnsFile.resume(folder, { ...compared, stacks: others })).toThrow('compares something else')
})
