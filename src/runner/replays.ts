import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sleep, systemClock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { PlannedReplay } from '../core/scenario.ts'
import { Groups } from './dlq/groups.ts'
import { takenIn } from './dlq/journal.ts'
import type { LetterJson } from './dlq/letter.ts'
import type { EffectRecord } from './effects-file.ts'
import type { FaultMark } from './faults.ts'
import { seqOf } from './identity.ts'
import type { RunRecord } from './records.ts'
import type { Report } from './report-schema.ts'
import type { Stack } from './stack.ts'

type OfLetters = Extract<PlannedReplay, { of: 'dead-letters' }>

/** What a replay of dead letters came to; times since the start of the run. */
export interface ReplayMark {
  readonly ratePerS: number
  readonly fromMs: number
  readonly untilMs: number
  readonly replayed: number
  /** Left where they are, since the queue would not have delivered them. */
  readonly heldBack: number
}

type Replaying = Pick<Stack, 'replay' | 'endReplay'>

const JOURNAL = /^dlq-replay-\d+\.jsonl$/

/** Lets the stack replay its dead letters as a scenario plans it, one replay after the other. */
export class Replays {
  readonly done: ReplayMark[] = []
  readonly errors: string[] = []
  readonly #folder: string
  readonly #endNow = new AbortController()
  #stack: Replaying | undefined
  #running: Promise<void> = Promise.resolve()

  /** Each replay leaves its journal in the folder. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** For the report's time axis. */
  get marks(): FaultMark[] {
    return this.done.map(({ replayed, fromMs, untilMs }) => ({
      what: `replay: ${replayed} dead letters`,
      fromMs,
      untilMs,
    }))
  }

  /** Plans those of a run that begins at `startAtMs` (ms since the Unix epoch). */
  schedule(replays: readonly PlannedReplay[], stack: Replaying, durationMs: number, startAtMs: number): void {
    this.#stack = stack
    const letters = replays.filter((one) => one.of === 'dead-letters')
    for (const [at, replay] of letters.toSorted((a, b) => a.at - b.at).entries()) {
      this.#running = this.#running.then(() => this.#replay(replay, at, { durationMs, startAtMs }))
    }
  }

  async #replay(
    { at, ratePerS, reason }: OfLetters,
    index: number,
    { durationMs, startAtMs }: { durationMs: number; startAtMs: number },
  ): Promise<void> {
    const sinceStart = () => Date.now() - startAtMs
    await sleep(systemClock, Math.max(0, at * durationMs - sinceStart()), this.#endNow.signal)
    if (this.#endNow.signal.aborted) return
    const fromMs = sinceStart()
    try {
      const journal = join(this.#folder, `dlq-replay-${index}.jsonl`)
      const { replayed, heldBack, error } = await this.#stack!.replay({ kind: 'replay', journal, ratePerS, reason })
      this.done.push({ ratePerS, fromMs, untilMs: sinceStart(), replayed, heldBack })
      if (error) this.errors.push(`replay of dead letters: ${error}`)
    } catch (error) {
      this.errors.push(`replay of dead letters: ${messageOf(error)}`)
    }
  }

  /** Resolves when all of them are done; after `withinMs` they are ended. */
  async end(withinMs: number, interrupt: AbortSignal): Promise<void> {
    const early = new AbortController()
    const late = sleep(systemClock, interrupt.aborted ? 0 : withinMs, AbortSignal.any([interrupt, early.signal]))
    const first = await Promise.race([this.#running.then(() => 'done'), late.then(() => 'late')])
    early.abort()
    if (first === 'done') return
    this.#endNow.abort()
    this.#stack?.endReplay()
    await this.#running
  }
}

/** The numbers of the events that a run's replays took from the dead letters, by their own journals. */
export function replayedIn(folder: string, runId: string): ReadonlySet<number> {
  return seqsOf(lettersIn(folder), runId)
}

/** What replays took from the dead letters, by source, type and reason, and how much of it has taken effect since. */
export function replayedOf(
  folder: string,
  { runId, startAtMs, replays }: Pick<RunRecord, 'runId' | 'startAtMs' | 'replays'>,
  effects: Iterable<EffectRecord>,
): Report['replayed'] {
  if (!replays) return undefined
  const groups = new Groups()
  const letters = lettersIn(folder)
  for (const letter of letters) groups.add({ ...letter, atMs: letter.atMs - startAtMs })
  const seqs = seqsOf(letters, runId)
  const applied = new Set<number>()
  for (const { seq } of effects) if (seqs.has(seq)) applied.add(seq)
  return { events: seqs.size, applied: applied.size, groups: groups.all() }
}

function seqsOf(letters: readonly LetterJson[], runId: string): ReadonlySet<number> {
  return new Set(letters.flatMap(({ id }) => seqOf(runId, id) ?? []))
}

function lettersIn(folder: string): LetterJson[] {
  const journals = readdirSync(folder).filter((name) => JOURNAL.test(name))
  return journals.flatMap((name) => takenIn(join(folder, name)))
}
