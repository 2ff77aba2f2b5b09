import type { z } from 'zod'
import type { Check, CheckWords } from './check.ts'
import type { CommonReport } from './common-schema.ts'
import type { JudgedRun } from './judged-run.ts'

/**
 * One part of a report that only some runs have, whole in one file: what it holds, how it is made from a run's records,
 * what the run must show, and the words for all of it. The map in cards/index.ts is the only other place that knows a card.
 */
export interface Card<Schema extends z.ZodType, Id extends string> {
  /** What report.json holds under the card's name: ids and figures, no words. Times in ms, sizes in bytes, shares 0-1. */
  readonly schema: Schema
  /** A function of the run's records alone. undefined: the run has nothing of the kind. */
  make(run: JudgedRun): z.infer<Schema> | undefined | Promise<z.infer<Schema> | undefined>
  /** Also asked where nothing was made: that something planned never took place is for a check to say. */
  checks(card: z.infer<Schema> | undefined, run: JudgedRun): readonly Check<NoInfer<Id>>[]
  /** By the ids of its checks, which are its own: no two cards share one. */
  readonly checkWords: Readonly<Record<Id, CheckWords>>
  words(card: z.infer<Schema>, report: CommonReport): CardWords
}

/** A card in plain text; render turns it into a page and into lines. */
export interface CardWords {
  /** Heading of its section. Absent: its blocks stand under the accounting. */
  readonly title?: string
  readonly blocks: readonly Block[]
  /** Lines for the terminal. */
  readonly lines?: readonly string[]
  /** What a reader must know before all else. `tone` colours it. */
  readonly lead?: { readonly text: string; readonly tone: 'good' | 'bad' }
}

export type Block =
  | { readonly heading: string }
  | { readonly paragraph: string }
  | { readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] }

/** null: there is nothing to say. */
export type Cell = string | number | null

/** Gives a card its types. */
export function defineCard<Schema extends z.ZodType, const Id extends string>(
  card: Card<Schema, Id>,
): Card<Schema, Id> {
  return card
}
