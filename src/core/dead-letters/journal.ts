import { z } from 'zod'
import { fileWords } from '../base/kit/file-refusal.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { DeadLetter } from '../contracts/ledger.ts'
import { LinesFile, wholeLines } from './file.ts'
import { fromJson, type LetterJson, letterSchema, toJson } from './letter.ts'

/** The ledger and the queue between which letters move. It has no addresses, which may hold a password. */
const routeSchema = z.strictObject({ ledger: z.string(), queue: z.string(), namespace: z.string() })
type ReplayRoute = z.infer<typeof routeSchema>

const headSchema = z.strictObject({ floodmark: z.literal('dlq-replay-1'), route: routeSchema })
const entrySchema = z.union([
  z.strictObject({ open: letterSchema, takenAtMs: z.number() }),
  z.strictObject({ done: z.string() }),
])

export interface OpenLetter {
  readonly letter: DeadLetter
  readonly takenAtMs: number
}

/** Holds each letter from before the ledger forgets it until the queue has it. */
export class ReplayJournal {
  readonly path: string
  readonly #file: LinesFile

  private constructor(path: string, file: LinesFile) {
    this.path = path
    this.#file = file
  }

  /** @throws FloodmarkError 'misuse' where the file is there already. */
  static begin(path: string, route: ReplayRoute): ReplayJournal {
    const file = new LinesFile(path)
    file.add({ floodmark: 'dlq-replay-1', route })
    return new ReplayJournal(path, file)
  }

  /** Goes on with a journal: the letters that it holds open. @throws FloodmarkError 'misuse' where it belongs to another route. */
  static resume(path: string, route: ReplayRoute): { journal: ReplayJournal; open: OpenLetter[] } {
    const open = readOpen(path, route)
    return { journal: new ReplayJournal(path, new LinesFile(path, 'a')), open }
  }

  /** Durable when it returns. */
  take(letter: DeadLetter, takenAtMs: number): void {
    this.#file.add({ open: toJson(letter), takenAtMs })
    this.#file.sync()
  }

  /** Not synced: a note that is lost costs one more delivery, which the ledger absorbs. */
  done(id: string): void {
    this.#file.add({ done: id })
  }

  close(): void {
    this.#file.close()
  }
}

/** All letters that a journal ever took, finished or not; a torn last line was none. */
export function takenIn(path: string): LetterJson[] {
  const [, ...lines] = wholeLines(path)
  return lines.flatMap((line) => {
    const entry = entrySchema.parse(JSON.parse(line))
    return 'open' in entry ? [entry.open] : []
  })
}

function readOpen(path: string, route: ReplayRoute): OpenLetter[] {
  let whole: string[]
  try {
    // A torn last line was never synced, so its letter was not taken out of the ledger either.
    whole = wholeLines(path)
  } catch (cause) {
    throw new FloodmarkError('misuse', `cannot read the journal ${path}: ${fileWords(cause)}`, { cause })
  }
  const [head, ...lines] = whole
  const { route: its } = parsed(headSchema, head ?? '', path, 1)
  if (its.ledger !== route.ledger || its.queue !== route.queue || its.namespace !== route.namespace) {
    const flags = `--ledger ${its.ledger} --queue ${its.queue} --namespace ${its.namespace}`
    throw new FloodmarkError('misuse', `${path} is the journal of another replay: give ${flags}`)
  }
  const open = new Map<string, OpenLetter>()
  for (const [at, line] of lines.entries()) {
    const entry = parsed(entrySchema, line, path, at + 2)
    if ('done' in entry) open.delete(entry.done)
    else open.set(entry.open.id, { letter: fromJson(entry.open), takenAtMs: entry.takenAtMs })
  }
  return [...open.values()]
}

function parsed<T>(schema: z.ZodType<T>, line: string, path: string, number: number): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw new FloodmarkError('misuse', `${path} is not the journal of a replay: line ${number} is not one of its own`, {
      cause,
    })
  }
}
