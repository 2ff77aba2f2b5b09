import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import type { ComparedStack } from '../compare/stacks.ts'
import { type TurnFigures, turnSchema } from '../compare/turn-schema.ts'
import { recorded, recordedSettings } from '../plan/settings.ts'
import { readHeaded } from '../records/headed-lines.ts'

const headSchema = z.strictObject({
  floodmark: z.literal('compare-3'),
  scenarios: z.array(z.string()),
  stacks: z.array(z.strictObject({ name: z.string(), settings: recordedSettings })),
})
/** What is compared: a comparison goes on only with the same. */
interface Compared {
  readonly scenarios: readonly string[]
  readonly stacks: readonly ComparedStack[]
}

/** Every run of a comparison, a line each, written as it ends: a comparison that was interrupted goes on from here. */
export class TurnsFile {
  readonly turns: TurnFigures[]
  readonly #file: LinesFile

  private constructor(file: LinesFile, turns: TurnFigures[]) {
    this.#file = file
    this.turns = turns
  }

  static begin(folder: string, compared: Compared): TurnsFile {
    const file = new LinesFile(pathIn(folder))
    file.add(headOf(compared))
    return new TurnsFile(file, [])
  }

  /** @throws FloodmarkError 'misuse' where the folder holds no comparison, or another one. */
  static resume(folder: string, compared: Compared): TurnsFile {
    const path = pathIn(folder)
    if (!existsSync(path)) {
      const isOfCeilings = existsSync(join(folder, 'stack-01'))
      const what = isOfCeilings
        ? 'compares ceilings: give --ceiling'
        : 'holds no comparison: there is no turns.jsonl in it'
      throw new FloodmarkError('misuse', `${folder} ${what}`)
    }
    const known = readHeaded(path, headSchema, turnSchema)
    if (!known) {
      throw new FloodmarkError('misuse', `${path} cannot be read by this version of floodmark: begin a new comparison`)
    }
    if (JSON.stringify(headOf(compared)) !== JSON.stringify(headOf(known.head))) {
      throw new FloodmarkError(
        'misuse',
        `${folder} compares something else, or by other secrets: give the words and the secrets that it was begun with`,
      )
    }
    return new TurnsFile(new LinesFile(path, 'a'), known.entries)
  }

  add(turn: TurnFigures): void {
    this.turns.push(turn)
    this.#file.add(turn)
  }

  close(): void {
    this.#file.close()
  }
}

const pathIn = (folder: string) => join(folder, 'turns.jsonl')

function headOf({ scenarios, stacks }: Compared): object {
  const named = stacks.map(({ name, settings }) => ({
    name,
    settings: recorded({ ...settings, out: undefined, tag: undefined }),
  }))
  return { floodmark: 'compare-3', scenarios: [...scenarios], stacks: named }
}
