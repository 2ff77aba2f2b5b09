import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import { everySetting, type RunSettings, recorded, recordedSettings } from '../plan/settings.ts'
import { readHeaded } from '../records/headed-lines.ts'
import { type TrialRecord, trialSchema } from '../search/ceiling-schema.ts'

const headSchema = z.strictObject({
  floodmark: z.literal('ceiling-3'),
  settings: recordedSettings,
  trialMs: z.number(),
})

/** Every trial of a search, a line each, written as it ends: a search that was interrupted goes on from here. */
export class TrialsFile {
  readonly trials: TrialRecord[]
  readonly #file: LinesFile

  private constructor(file: LinesFile, trials: TrialRecord[]) {
    this.#file = file
    this.trials = trials
  }

  static begin(folder: string, settings: RunSettings, trialMs: number): TrialsFile {
    const file = new LinesFile(pathIn(folder))
    file.add({ floodmark: 'ceiling-3', settings: recorded(settings), trialMs })
    return new TrialsFile(file, [])
  }

  /** @throws FloodmarkError 'misuse' where the folder holds no search, or one of other settings. */
  static resume(folder: string, settings: RunSettings, trialMs: number): TrialsFile {
    const known = readSearch(folder)
    const same = JSON.stringify(recorded({ ...settings, out: undefined }))
    const isSame = same === JSON.stringify({ ...known.head.settings, out: undefined }) && known.head.trialMs === trialMs
    if (!isSame) {
      throw new FloodmarkError(
        'misuse',
        `${folder} is a search with other settings: give the flags that it was begun with`,
      )
    }
    return new TrialsFile(new LinesFile(pathIn(folder), 'a'), known.entries)
  }

  add(trial: TrialRecord): void {
    this.trials.push(trial)
    this.#file.add(trial)
  }

  close(): void {
    this.#file.close()
  }
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
 * What a search goes on with: the settings that it was begun with, but for those that are given anew. A server that is not ours is
 * taken from no file: it is named each time. @throws FloodmarkError 'misuse' where the folder holds no search.
 */
export function goingOn(
  folder: string,
  now: RunSettings,
): { readonly settings: RunSettings; readonly trialMs: number } {
  const { head } = readSearch(folder)
  const open = everySetting.filter(([name, { outside }]) => !outside && !now.given?.includes(name))
  const begun = Object.fromEntries(open.map(([name]) => [name, head.settings[name]]))
  return { settings: { ...now, ...begun, out: now.out }, trialMs: head.trialMs }
}
