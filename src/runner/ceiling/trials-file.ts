import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import { everySetting, flagOf, type RunSettings, recorded, recordedSettings, secretVariable } from '../plan/settings.ts'
import { readHeaded } from '../records/headed-lines.ts'
import { type TrialRecord, trialSchema } from '../search/ceiling-schema.ts'

const headSchema = z.strictObject({
  floodmark: z.literal('ceiling-5'),
  settings: recordedSettings,
  trialMs: z.number(),
  /** The highest load to offer. Absent: its command decides, as that of a calibration does. */
  ratePerSMax: z.number().optional(),
})

/** Every trial of a search, a line each, written as it ends: a search that was interrupted goes on from here. */
export class TrialsFile {
  readonly trials: TrialRecord[]
  /** So many of them were there when the search went on; 0 for one that was begun now. */
  readonly triedBefore: number
  readonly #file: LinesFile

  private constructor(file: LinesFile, trials: TrialRecord[]) {
    this.#file = file
    this.trials = trials
    this.triedBefore = trials.length
  }

  static begin(folder: string, settings: RunSettings, trialMs: number, ratePerSMax?: number): TrialsFile {
    const file = new LinesFile(pathIn(folder))
    file.add({ floodmark: 'ceiling-5', settings: recorded(settings), trialMs, ratePerSMax })
    return new TrialsFile(file, [])
  }

  /** @throws FloodmarkError 'misuse' where the folder holds no search, or one of other settings. */
  static resume(folder: string, settings: RunSettings, trialMs: number): TrialsFile {
    const { head, entries } = readSearch(folder)
    const [now, begun] = [recorded(settings), head.settings]
    const others = everySetting
      .filter(([name]) => name !== 'out' && JSON.stringify(now[name]) !== JSON.stringify(begun[name]))
      .map(([, setting]) => flagOf(setting))
    if (JSON.stringify(now.signed) !== JSON.stringify(begun.signed)) others.push(signedWords(begun.signed))
    if (now.scenario !== begun.scenario) others.push('its scenario')
    if (head.trialMs !== trialMs) others.push('--trial')
    if (others.length > 0) {
      const what = `${folder} is a search with other settings`
      throw new FloodmarkError('misuse', `${what}: ${others.join(' and ')} must be as it was begun`)
    }
    return new TrialsFile(new LinesFile(pathIn(folder), 'a'), entries)
  }

  add(trial: TrialRecord): void {
    this.trials.push(trial)
    this.#file.add(trial)
  }

  close(): void {
    this.#file.close()
  }
}

function signedWords(signed: readonly string[] = []): string {
  if (signed.length === 0) return 'the secrets (none was given, so set no FLOODMARK_SECRET_…)'
  return `the secrets (give ${signed.map(secretVariable).join(', ')} and no other)`
}

const pathIn = (folder: string) => join(folder, 'trials.jsonl')

function readSearch(folder: string) {
  const path = pathIn(folder)
  if (!existsSync(path))
    throw new FloodmarkError('misuse', `${folder} holds no search for a ceiling: there is no trials.jsonl`)
  const known = readHeaded(path, headSchema, trialSchema)
  if (known) return known
  throw new FloodmarkError(
    'misuse',
    `${path} was written by another version of floodmark: begin a new search. What that one came to is in its ceiling.html`,
  )
}

/**
 * What a search goes on with: the settings that it was begun with, but for those that are named anew. The address of a server that
 * a person named is never taken from the file: it may lack its password, and nothing is sent anywhere unasked.
 * `named`: the settings that have a flag now. What the environment or the config has set was there at the beginning too.
 * @throws FloodmarkError 'misuse' where the folder holds no search.
 */
export function goingOn(
  folder: string,
  now: RunSettings,
  named: readonly string[],
): { readonly settings: RunSettings; readonly trialMs: number; readonly ratePerSMax: number | undefined } {
  const { settings, trialMs, ratePerSMax } = readSearch(folder).head
  const open = everySetting.filter(([name, { outside, secret }]) => !outside && !secret && !named.includes(name))
  const begun = Object.fromEntries(open.map(([name]) => [name, settings[name]]))
  return { settings: { ...now, ...begun, out: now.out }, trialMs, ratePerSMax }
}
