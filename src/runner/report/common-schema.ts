import { z } from 'zod'
import { recordedSettings } from '../plan/settings.ts'
import { markSchema } from '../records/marks.ts'
import { badEventSchema } from './audit/account.ts'
import { FIELDS } from './audit/altered.ts'
import { checkSchema } from './check.ts'
import { latencySchema } from './latency/families.ts'

/** What every report has. Times in ms, sizes in bytes, rates in events a second, shares 0-1. */

export const count = z.number().int().nonnegative()

export const environmentSchema = z.object({
  node: z.string(),
  platform: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
})

export const commonSchema = z.object({
  id: z.string(),
  verdict: z.enum(['PASS', 'FAIL', 'INVALID', 'INDETERMINATE']),
  interrupted: z.boolean(),
  checks: z.array(checkSchema),
  scenario: z.object({
    name: z.string(),
    question: z.string(),
    durationMs: z.number(),
    quick: z.boolean(),
    phases: z.array(z.object({ name: z.string(), fromMs: z.number(), untilMs: z.number() })),
  }),
  /** All of them as they were asked for, passwords left out. */
  settings: recordedSettings,
  /** Final values, where the settings leave them to the scenario, and what follows from both. */
  setup: z.object({
    ratePerS: z.number(),
    rateChosen: z.string(),
    peakPerS: z.number(),
    durationMs: z.number(),
    acceptP99Ms: z.number(),
    /** The marks of events, from first due: to their first 2xx, and to their effect. */
    eventP99Ms: z.number(),
    effectP99Ms: z.number(),
    processes: z.number(),
    leaseMs: z.number(),
    lookMs: z.number(),
    /** The senders' requests come through a load balancer that holds each up to so long, ms; absent: they do not. */
    balancerMs: z.number().optional(),
    mix: z.array(z.object({ provider: z.string(), share: z.number() })),
  }),
  /** Absent where a target took the requests. */
  durability: z
    .object({
      queue: z.object({ server: z.string(), survives: z.array(z.string()), order: z.string(), shared: z.boolean() }),
      ledger: z.object({ server: z.string(), survives: z.array(z.string()), shared: z.boolean() }),
    })
    .optional(),
  /** A server that is not ours took the requests. `followed`: it told of its effects. Absent: the stack of the settings. */
  target: z.object({ address: z.string(), followed: z.boolean() }).optional(),
  /** Another generator sent: waits count from sending, and how late it sent is not known. */
  sentBy: z.literal('k6').optional(),
  startedAt: z.string(),
  tookMs: z.object({ sending: z.number(), draining: z.number() }),
  latency: latencySchema,
  /** Attempts that were refused or had no answer, and events that senders gave up. */
  notAccepted: z.object({ refused: count, unanswered: count, givenUp: count }),
  timeline: z.object({
    stepMs: z.number(),
    points: z.array(
      z.object({
        atMs: z.number(),
        /** First attempts and retries apart; accepted counts each event once. */
        offered: z.number(),
        retries: z.number(),
        accepted: z.number(),
        effects: z.number(),
        /** By when the attempt ended: refused and unanswered attempts, and events at the end of their last attempt. */
        refused: z.number(),
        unanswered: z.number(),
        givenUp: z.number(),
        /** Of accepted attempts, by when they were due. */
        p50Ms: z.number().nullable(),
        p99Ms: z.number().nullable(),
        maxMs: z.number().nullable(),
        /** Longest time from accepted to effect, of those that took effect then. */
        ageMs: z.number().nullable(),
        backlog: z.number().nullable(),
      }),
    ),
  }),
  processes: z.array(
    z.object({
      name: z.string(),
      cpuSeconds: z.number(),
      rssMaxBytes: z.number(),
      rssSlopeBytesPerMin: z.number().nullable(),
      rssSlopeErrorBytesPerMin: z.number().nullable(),
      samples: z.array(z.object({ atMs: z.number(), cpuShare: z.number(), rssBytes: z.number() })),
    }),
  ),
  audit: z.object({
    planned: count,
    applied: count,
    buried: count,
    refused: count,
    unsent: count,
    unknown: count,
    lost: count,
    /** Applied or buried, but not as its sender signed it, and in how many of them each field was another. */
    altered: count,
    /** Accepted, and nobody knows what became of it. */
    unfollowed: count.default(0),
    alteredFields: z.record(z.enum(FIELDS), count),
    duplicateEffects: count,
    duplicatesAbsorbed: count,
    differingCopies: count.default(0),
    reordered: count,
    unexpected: count,
    misjudged: count,
    appliedAfterRefusal: count,
    /** Events that the sender never sent, found in the provider's list (and settled), or not (and among the unsent). */
    found: count.default(0),
    neverFound: count.default(0),
    /** With 95% confidence no larger share of the accepted is lost: 3/N where none was seen. */
    lossBound95: z.number().nullable(),
  }),
  /** Events that must not be: how many, and the first of each kind; all of them are in bad-events.jsonl. */
  badEvents: z.object({ count, first: z.array(badEventSchema) }),
  generator: z.object({
    offeredPerS: z.number(),
    achievedRatio: z.number(),
    latenessP50Ms: z.number(),
    latenessP99Ms: z.number(),
    latenessMaxMs: z.number(),
    eventLoopUtilization: z.number(),
    cpuSeconds: z.number(),
    connectionsOpenedMax: z.number(),
    /** Retries that could not be sent. */
    unsentRetries: count,
    /** Of the unsent those for which every connection waited for an answer. */
    waiting: z.object({ events: count, retries: count }),
    gaveUp: z.boolean(),
  }),
  /** What was done to the stack on purpose, and what it did itself that shows in the figures. */
  faults: z.array(markSchema),
  /** How each server was got, a line each. */
  servers: z.array(z.string()),
  errors: z.array(z.string()),
  environment: environmentSchema,
  reproduce: z.string(),
})

export type CommonReport = z.infer<typeof commonSchema>
