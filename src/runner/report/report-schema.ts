import { z } from 'zod'
import { markSchema } from '../records/marks.ts'
import { DRIFT_KINDS } from '../scenario/scenario.ts'

export const REPORT_VERSION = 2

const quantile = z.object({ ms: z.number(), lowMs: z.number(), highMs: z.number() })
const percentiles = z.object({
  count: z.number().int(),
  meanMs: z.number().optional(),
  maxMs: z.number().optional(),
  p50: quantile.optional(),
  p90: quantile.optional(),
  p99: quantile.optional(),
  p999: quantile.optional(),
})
const count = z.number().int().nonnegative()
/** Dead letters alike; when the first and the last of them were buried, ms since the start of the run. */
const letterGroup = z.object({
  source: z.string(),
  type: z.string(),
  reason: z.string(),
  count,
  oldestMs: z.number(),
  newestMs: z.number(),
})

const attackTally = z.object({
  kind: z.enum(['forged', 'stale', 'oversized', 'slow', 'malformed']),
  times: z.number(),
  fromMs: z.number(),
  untilMs: z.number(),
  planned: count,
  sent: count,
  statuses: z.record(z.string(), count),
  /** Of the answers: 4xx or 503, 2xx, and all others. */
  refused: count,
  accepted: count,
  odd: count,
  closed: count,
  unanswered: count,
  held: count,
  heldMaxMs: z.number(),
  leftOut: z.array(z.string()),
})

/** report.json, version 1. Times in ms, sizes in bytes, rates in events a second, shares 0-1. */
export const reportSchema = z.object({
  version: z.literal(REPORT_VERSION),
  id: z.string(),
  verdict: z.enum(['PASS', 'FAIL', 'INVALID', 'INDETERMINATE']),
  interrupted: z.boolean(),
  /** Every check; ok is null where it could not be decided. */
  checks: z.array(
    z.object({
      check: z.string(),
      ok: z.boolean().nullable(),
      measured: z.string(),
      wanted: z.string(),
      about: z.enum(['stack', 'generator']),
      /** It passed, but a person should look at it. */
      warning: z.literal(true).optional(),
    }),
  ),
  scenario: z.object({
    name: z.string(),
    question: z.string(),
    durationMs: z.number(),
    quick: z.boolean(),
    phases: z.array(z.object({ name: z.string(), fromMs: z.number(), untilMs: z.number() })),
  }),
  setup: z.object({
    receiver: z.string(),
    queue: z.string(),
    ledger: z.string(),
    ratePerS: z.number(),
    rateChosen: z.string(),
    peakPerS: z.number(),
    seed: z.number(),
    acceptP99Ms: z.number(),
    connectionsMax: z.number(),
    processes: z.number(),
    /** The senders' requests come through a load balancer that holds each up to so long, ms; absent: they do not. */
    balancerMs: z.number().optional(),
    /** Limits of each receiver, and what the receivers publish to takes in a second; null: as much as it can. */
    inFlightMax: z.number(),
    publishDeadlineMs: z.number(),
    capacityPerS: z.number().nullable(),
    mix: z.array(z.object({ provider: z.string(), share: z.number() })),
  }),
  durability: z.object({
    queue: z.object({ server: z.string(), survives: z.array(z.string()), order: z.string(), shared: z.boolean() }),
    ledger: z.object({ server: z.string(), survives: z.array(z.string()), shared: z.boolean() }),
  }),
  startedAt: z.string(),
  tookMs: z.object({ sending: z.number(), draining: z.number() }),
  latency: z.object({
    response: percentiles,
    service: percentiles,
    lateness: percentiles,
    acceptToEffect: percentiles,
  }),
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
    duplicateEffects: count,
    duplicatesAbsorbed: count,
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
  delivery: z.object({
    /** Requests sent, and how many that is for each event. */
    attempts: count,
    amplification: z.number(),
    /** Attempts that would have come after the end of the run. */
    cutOff: count,
    /** Events never accepted, by whom they were given up and why. */
    givenUp: z.array(z.object({ provider: z.string(), reason: z.string(), count })),
    /** Retries that were compared with their providers' schedules, and those that were not due by them, within the jitter. */
    retriesChecked: count,
    retriesOffSchedule: count,
    /** Accepted events for each first attempt, well after the last fault; null where there is nothing to judge. */
    goodputAfter: z.number().nullable(),
    /** From the end of the last fault until goodput stays up; null where it does not, or there is nothing to judge. */
    recoveredMs: z.number().nullable(),
    /** Why goodput came back after the last fault or did not; null without retries, or where there is nothing to judge. */
    diagnosis: z
      .object({
        state: z.enum(['recovered', 'metastable', 'too small', 'down']),
        says: z.string(),
        /** All of the time by which goodput is judged. done: events that took effect, and duplicates absorbed. */
        firstPerS: z.number(),
        retriesPerS: z.number(),
        answeredPerS: z.number(),
        donePerS: z.number(),
        /** Of what was done: the part without an answer in time. */
        wastedShare: z.number(),
      })
      .nullable(),
  }),
  /** Dead letters put back on the queue as the scenario planned. */
  replays: z
    .array(
      z.object({ ratePerS: z.number(), fromMs: z.number(), untilMs: z.number(), replayed: count, heldBack: count }),
    )
    .optional(),
  /** What they were before, by source, type and reason, and how many of them have taken effect since. */
  replayed: z.object({ events: count, applied: count, groups: z.array(letterGroup) }).optional(),
  /** Events sent again by their senders, a line for each provider and signature, and how its provider documents them to end. */
  resent: z
    .array(
      z.object({
        provider: z.string(),
        signature: z.enum(['fresh', 'recorded']),
        wanted: z.enum(['accepted', 'refused']),
        sent: count,
        accepted: count,
        refusedAsStale: count,
        otherwise: count,
      }),
    )
    .optional(),
  /** Good events before a bug or a replay, and while it lasted: what they had to do with it is nothing. */
  undisturbed: z
    .array(z.object({ name: z.string(), fromMs: z.number(), untilMs: z.number(), acceptToEffect: percentiles }))
    .optional(),
  /** Who sent what must be refused, and what the good traffic noticed; null in a run without attacks. */
  attack: z
    .object({
      kinds: z.array(attackTally),
      calm: percentiles,
      under: percentiles,
      memory: z.array(z.object({ name: z.string(), calmBytes: z.number(), underBytes: z.number() })),
    })
    .nullable(),
  /** By source, type and reason, the largest group first. */
  /** Events that senders never sent: how the provider's list was read, and times from creation to effect. */
  reconciled: z
    .object({
      requests: count,
      unavailable: count,
      listed: count,
      found: count,
      neverFound: count,
      toEffect: percentiles,
    })
    .optional(),
  /** Of every body that was sent. Absent in older reports. */
  payload: z
    .object({
      p50Bytes: count,
      p99Bytes: count,
      maxBytes: count,
      bytesPerS: z.number(),
      /** The most that a process of the stack held. */
      memoryBytesMax: z.number(),
      /** Of events that only refer to their content: fetches from the provider's store, what it handed out, effects. */
      contents: z
        .object({ fetches: count, unavailable: count, bytes: count, served: count, applied: count })
        .nullable(),
    })
    .optional(),
  deadLetters: z.array(letterGroup),
  generator: z.object({
    offeredPerS: z.number(),
    achievedRatio: z.number(),
    latenessP50Ms: z.number(),
    latenessP99Ms: z.number(),
    latenessMaxMs: z.number(),
    eventLoopUtilization: z.number(),
    cpuSeconds: z.number(),
    connectionsOpenedMax: z.number(),
    /** Retries that could not be sent: every connection was busy. */
    unsentRetries: count,
    gaveUp: z.boolean(),
  }),
  /** Where providers changed their bodies on purpose. */
  drift: z
    .object({
      /** Events whose drift was not handled as planned: kept unnoticed, buried for another reason, noticed without cause. */
      misjudged: count,
      rows: z.array(
        z.object({
          provider: z.string(),
          mode: z.enum(['strict', 'permissive']),
          kind: z.enum(DRIFT_KINDS),
          /** Accepted and settled; each is in one of the three. */
          events: count,
          buried: count,
          kept: count,
          stored: count,
          /** When the first of them was due, and what the stack said of it; null where there was none. */
          first: z.object({ atMs: z.number(), reason: z.string() }).nullable(),
        }),
      ),
    })
    .optional(),
  /** What was done to the stack on purpose, and what it did itself that shows in the figures. */
  faults: z.array(markSchema),
  /** How each server was got, a line each. */
  servers: z.array(z.string()),
  errors: z.array(z.string()),
  environment: z.object({
    node: z.string(),
    platform: z.string(),
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
  }),
  reproduce: z.string(),
})

export type Report = z.infer<typeof reportSchema>
