import { z } from 'zod'
import { recordedSettings } from '../plan/settings.ts'
import { environmentSchema } from '../report/common-schema.ts'
import { percentiles } from '../report/latency/percentiles.ts'
import { besideSchema, senderUsageSchema, usageSchema } from '../report/usage.ts'
import { bindingSchema, interventionSchema } from './binding/binding-schema.ts'
import { costSchema } from './cost.ts'
import { CLAUSES, SENDERS } from './judge.ts'
import { PURPOSES } from './trial.ts'

/** ceiling.json: rates in events a second, times in ms, CPU in CPU seconds for 1,000 events. */
export const CEILING_VERSION = 3

const rate = z.number().nonnegative()
const interval = z.object({ low: rate, mid: rate, high: rate })
const survival = z.object({ survives: z.array(z.string()), basis: z.enum(['measured', 'settings']) })
const outcome = z.enum(['passed', 'failed', 'undecided', 'invalid'])

/** One trial, a line of trials.jsonl. Its own records are in `folder`, beside that file. */
export const trialSchema = z.object({
  purpose: z.enum(PURPOSES),
  /** What was done to the stack meanwhile; absent: nothing. */
  intervention: interventionSchema.optional(),
  ratePerS: rate,
  /** With the limits of the search, and from the request to its effect. */
  outcome,
  /** The first clause that failed or was undecided. */
  limit: z.enum(CLAUSES).nullable(),
  /** What each clause came to, whatever the sender was. */
  clauses: z.record(z.enum(CLAUSES), outcome),
  sender: z.enum(SENDERS),
  donePerS: rate,
  acceptedPerS: rate,
  /** What took effect in a second after the sending, while there was a backlog; null: there was too little of one. */
  drainPerS: rate.nullable(),
  /** Further attempts of the sender, and copies that were absorbed, for each event. */
  repeatsPerEvent: z.number(),
  /** Of first attempts that were accepted, from due to the answer, while the load was held. */
  response: percentiles,
  heldMs: z.number(),
  sampleP99Ms: z.number().nullable(),
  /** CPU seconds of each process for 1,000 events that it was sent, by its name. */
  cpuPer1000: z.record(z.string(), z.number()),
  /** What each process of the stack used while the load was held, and what went on beside them. */
  usages: z.array(usageSchema),
  beside: besideSchema.nullable(),
  /** Absent in searches of older versions. */
  senders: z.array(senderUsageSchema).optional(),
  /** That the stack's processes might run on; null: the system does not say. */
  cores: z.number().nullable(),
  /** What it was shown to survive; null: of a target nothing is known. */
  durability: z.object({ queue: survival, ledger: survival }).nullable(),
  /** Cores that other processes used, and the share that the host gave to other machines. null: the system does not say. */
  machine: z.object({ othersCores: z.number().nullable(), stolen: z.number().nullable() }),
  startedAt: z.string(),
  tookMs: z.number(),
  folder: z.string(),
})
export type TrialRecord = z.infer<typeof trialSchema>

const askedBeside = z.enum(['accepted', 'costs', 'binding'])
export type AskedBeside = z.infer<typeof askedBeside>

export const ceilingSchema = z.object({
  version: z.literal(CEILING_VERSION),
  settings: recordedSettings,
  acceptP99Ms: z.number(),
  trialMs: z.number(),
  /** The highest load that it might offer. Absent in searches of older versions. */
  ratePerSMax: rate.optional(),
  /** What the search was asked beside the ceiling itself. Absent in searches of older versions. */
  asked: z.array(askedBeside).optional(),
  /** The line that begins the same search anew. Absent where no command of a person's made it, and in searches of older versions. */
  reproduce: z.string().optional(),
  startedAt: z.string(),
  tookMs: z.number(),
  interrupted: z.boolean(),
  found: z.object({
    kind: z.enum(['found', 'budget-over', 'generator-bound', 'below-lowest', 'not-measurable']),
    /** Holds the ceiling with 90%. */
    interval: interval.nullable(),
    /** The highest load that was soaked and passed. */
    soakedPerS: rate.nullable(),
  }),
  /** How likely each rate is the ceiling, beside the likeliest; rates that are not likely at all are left out. */
  posterior: z.array(z.object({ ratePerS: rate, weight: z.number() })),
  /** What failed most often above the ceiling; null where nothing failed. */
  limit: z.enum(CLAUSES).nullable(),
  /** The ceiling of what is accepted, whatever becomes of the backlog; or no more than the highest load that was. */
  accept: z.object({ interval: interval.nullable(), atLeastPerS: rate.nullable() }),
  /** T ≤ min(R_http, R_queue) / (1 + r), and what part of it the stack does; null: a part of it is not known. */
  law: z
    .object({
      acceptPerS: rate,
      queuePerS: rate,
      repeatsPerEvent: z.number(),
      boundPerS: rate,
      ofBound: z.number(),
    })
    .nullable(),
  /** The ceiling with other limits of the response p99, from the same trials; null where they say nothing. */
  byLimit: z.array(z.object({ limitMs: z.number(), interval: interval.nullable() })),
  /** The geometric mean of them; null unless all are there. */
  criticalPerS: rate.nullable(),
  /** The ceiling without a limit of the response time. */
  withoutLimit: interval.nullable(),
  /** What 1,000 events cost, at shares of the ceiling. */
  costs: z.array(costSchema),
  /** What binds, by interventions; null: it was not asked, or there was no ceiling to ask it of. */
  binding: bindingSchema.nullable(),
  /** Whether the ceiling moved, or an event came to cost more CPU, while it was measured. null: too few trials to say. */
  drifted: z.boolean().nullable(),
  environment: environmentSchema,
  trials: z.array(trialSchema),
})
export type Ceiling = z.infer<typeof ceilingSchema>
