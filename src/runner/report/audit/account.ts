import { z } from 'zod'
import { FIELDS, type Field } from './altered.ts'

/** What is wrong with an event. */
export const WRONGS = ['lost', 'doubled', 'altered', 'reordered', 'unexpected', 'misjudged', 'never-found'] as const
export type Wrong = (typeof WRONGS)[number]

export interface Bad {
  readonly wrong: Wrong
  /** undefined: not an event of this run. */
  readonly seq: number | undefined
  /** As it was delivered, where the plan knows no such event. */
  readonly id?: string
  /** Of an altered one. */
  readonly fields?: readonly Field[]
  /** When it took effect so, ms since the start of the run. */
  readonly effectMs?: number
}

const ms = z.number().nullable()

/** An event that must not be, by name. Times are ms since the start of the run; null where there is none. */
export const badEventSchema = z.object({
  wrong: z.enum(WRONGS),
  seq: z.number().nullable(),
  /** The sender's own; of an event that nobody sent, as it was delivered. */
  id: z.string(),
  provider: z.string().nullable(),
  type: z.string().nullable(),
  key: z.string().nullable(),
  /** What is another about an altered one. */
  fields: z.array(z.enum(FIELDS)).optional(),
  dueMs: ms,
  sentMs: ms,
  acceptedMs: ms,
  effectMs: ms,
  /** What went on between these times; where nothing did, what was nearest within 2 s. */
  beside: z.array(z.object({ kind: z.string(), fromMs: z.number(), untilMs: z.number() })),
})
export type BadEvent = z.infer<typeof badEventSchema>

/** Every planned event is in exactly one of the first eight classes. */
export interface Audit {
  readonly planned: number
  readonly applied: number
  readonly buried: number
  /** Never accepted, and the sender knows it. Refusing is not losing. */
  readonly refused: number
  /** Never sent: the generator could not, every connection waited for the stack, or the run was ended first. */
  readonly unsent: number
  /** The sender never learned, and it did not take effect. */
  readonly unknown: number
  /** Accepted with 2xx, then neither applied nor buried. Must be 0. */
  readonly lost: number
  /** Applied or buried, but not as its sender signed it. Must be 0. */
  readonly altered: number
  /** Accepted with 2xx by a target that does not tell what became of it. */
  readonly unfollowed: number
  /** In how many of the altered each field was another. */
  readonly alteredFields: Readonly<Record<Field, number>>
  /** Took effect more than once. Must be 0. */
  readonly duplicateEffects: number
  /** Extra deliveries absorbed; a cost, not a fault. */
  readonly duplicatesAbsorbed: number
  /** Of those the ones with another body than the event under their id. No sender of a run sends any: must be 0. */
  readonly differingCopies: number
  /**
   * Pairs of one key, the plan's, that took effect in the wrong order: B was sent only after A had been accepted, yet B's effect came
   * first. Counts the As. Must be 0 where order is promised.
   */
  readonly reordered: number
  /** Took effect, or lies buried, but was never sent. Must be 0. */
  readonly unexpected: number
  /** Dead letters whose effect was not planned to fail, and effects that were planned to fail for good. Must be 0. */
  readonly misjudged: number
}

export interface Audited extends Audit {
  readonly appliedAfterRefusal: number
  /** Events that the sender lost by plan: settled all the same, or not. The latter are among the unsent. */
  readonly found: number
  readonly neverFound: number
}
