import { z } from 'zod'
import { grouped, inWords, percent, seconds } from '../../../core/base/words.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted, generatorCheck, inMs } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** How well the records were looked at, and whether they agree with each other. */
const schema = z.object({
  /** Whatever is delivered again comes within one of these, and lookMs allow for that. */
  leaseMs: z.number(),
  lookMs: z.number(),
  /** Since the start of the run; null without an effect. */
  lastEffectMs: z.number().nullable(),
  lookedUntilMs: z.number(),
  /** Effects whose event was accepted, and those of them that took place before the sender had read its answer. */
  effects: count,
  beforeAnswer: count,
  /** Effects that took place before their event was first sent. */
  beforeSent: count,
  /** Attempts that the senders counted, and those that their journals hold; null in a run that was cut short. */
  attempts: z.object({ counted: count, written: count }).nullable(),
})
type Looked = z.infer<typeof schema>

type LookedCheck = 'looked-long-enough' | 'effects-before-sent' | 'journals-whole'

/** Times of two processes are compared to this, ms: each reads the shared clock a little later than the moment that it notes. */
const CLOCK_MS = 1

export const looked = defineCard({
  schema,
  make: lookedOf,
  checks: (card, { record, followed }) =>
    card ? lookedChecks(card).filter(({ id }) => isKnown(id, record, followed)) : [],
  checkWords: {
    'looked-long-enough': { title: 'watched after the last effect, until nothing could come again' },
    'effects-before-sent': {
      title: 'effects earlier than the first sending of their event',
      quiet: true,
      remedy: 'The clocks of the processes do not agree: run all of them on one host.',
    },
    'journals-whole': {
      title: 'attempts in the journals, as many as the senders counted',
      quiet: true,
      measured: ({ measured, exactly }) => `${inWords(measured)} of ${inWords(exactly)}`,
      remedy:
        'The journals are not whole: look whether the disk is full or something else writes there, and run again.',
    },
  },
  words(card) {
    const lines = linesOf(card)
    return { blocks: lines.map((line) => ({ paragraph: `${line}.` })), lines }
  },
})

function lookedOf({ record, setup, planned, cutShort, attempts, effects }: JudgedRun): Looked {
  const sentMs = new Float64Array(planned).fill(Number.POSITIVE_INFINITY)
  const answeredMs = new Float64Array(planned).fill(Number.NaN)
  let written = 0
  for (const { seq, outcome, cause, sentMs: sent, doneMs } of attempts()) {
    if (outcome === 'unsent' || cause === 'disabled') continue
    written++
    sentMs[seq] = Math.min(sentMs[seq]!, sent)
    if (outcome === 'accepted' && Number.isNaN(answeredMs[seq])) answeredMs[seq] = doneMs
  }
  const counts = { effects: 0, beforeAnswer: 0, beforeSent: 0 }
  let lastEffectMs: number | null = null
  for (const { seq, atMs } of effects()) {
    // A target may tell of an effect without its time.
    if (atMs > (lastEffectMs ?? Number.NEGATIVE_INFINITY)) lastEffectMs = atMs
    if (seq >= planned) continue
    if (Number.isFinite(sentMs[seq]) && atMs < sentMs[seq]! - CLOCK_MS) counts.beforeSent++
    if (Number.isNaN(answeredMs[seq])) continue
    counts.effects++
    if (atMs < answeredMs[seq]!) counts.beforeAnswer++
  }
  const { leaseMs, lookMs } = setup
  const told = record.certificates.reduce((sum, { sent, retries }) => sum + sent + retries, 0)
  const { lookedUntilMs } = record
  return {
    ...{ leaseMs, lookMs, lastEffectMs, lookedUntilMs, ...counts },
    attempts: cutShort ? null : { counted: told, written },
  }
}

/** Of a target's effects there are no times but its own clock's, and without a feed there is nothing to look at. */
function isKnown(id: LookedCheck, { target, sentBy }: JudgedRun['record'], followed: boolean): boolean {
  if (id === 'effects-before-sent') return target === undefined
  if (id === 'journals-whole') return sentBy === undefined
  return id !== 'looked-long-enough' || followed
}

const lookedForMs = ({ lastEffectMs, lookedUntilMs }: Looked) => Math.max(0, lookedUntilMs - (lastEffectMs ?? 0))

function lookedChecks(card: Looked): Check<LookedCheck>[] {
  const { lookMs, beforeSent, attempts } = card
  const forMs = lookedForMs(card)
  const values = { measured: inMs(forMs), atLeast: inMs(lookMs) }
  return [
    // Sooner than that the run was interrupted, or never had all of its effects: what might still have come is not known.
    check('looked-long-enough', forMs >= lookMs ? true : null, values),
    generatorCheck('effects-before-sent', beforeSent === 0, { measured: counted(beforeSent), exactly: counted(0) }),
    ...(attempts ? [journalsWhole(attempts)] : []),
  ]
}

function journalsWhole({ counted: told, written }: NonNullable<Looked['attempts']>): Check<'journals-whole'> {
  return generatorCheck('journals-whole', written === told, { measured: counted(written), exactly: counted(told) })
}

function linesOf(card: Looked): string[] {
  const { leaseMs, effects, beforeAnswer } = card
  // A target has no leases that we know of.
  if (leaseMs === 0) return []
  const after = `looked for ${seconds(lookedForMs(card))} after the last effect; a lease of this run lasts ${seconds(leaseMs)}`
  if (beforeAnswer === 0) return [after]
  const early = `${grouped(beforeAnswer)} of ${grouped(effects)} effects (${percent(beforeAnswer / effects)}) came before the sender had read its answer`
  return [after, early]
}
