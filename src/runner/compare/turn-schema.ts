import { z } from 'zod'

const count = z.number().int().nonnegative()
/** unknown: of a server that is not ours. */
export const shownSurvival = z.object({
  survives: z.array(z.string()),
  basis: z.enum(['measured', 'settings', 'unknown']),
})
export const NOT_SHOWN: z.infer<typeof shownSurvival> = { survives: [], basis: 'unknown' }

/** What one run of a comparison came to: a line of turns.jsonl. Times in ms, CPU in ms and sizes in bytes for 1,000 events. */
export const turnSchema = z.object({
  scenario: z.string(),
  stack: z.string(),
  round: count,
  /** Its own records and report are there, beside turns.jsonl. */
  folder: z.string(),
  startedAt: z.string(),
  verdict: z.enum(['PASS', 'FAIL', 'INVALID', 'INDETERMINATE']),
  failed: z.array(z.string()),
  planned: count,
  /** As they came out, at the peak where the load has one. null: there was none. */
  waits: z.object({
    p50Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
    /** Events, from first due to their first 2xx and to their effect. */
    eventP99Ms: z.number().nullable(),
    effectP99Ms: z.number().nullable(),
  }),
  cpuPer1000: z.object({
    stack: z.number(),
    /** Of the servers that the stack used, and the little that the runner itself took; null: the system does not say. */
    servers: z.number().nullable(),
  }),
  /** Written to all disks of this machine while it sent; between senders, stack and servers, both ways. null: not known. */
  bytesPer1000: z.object({ disk: z.number().nullable(), wire: z.number().nullable() }),
  /** From a kill of the stack until it works again, as takeoverOf has it; null: none was killed. */
  takeoverMs: z.number().nullable(),
  harm: z.object({ lost: count, doubled: count, altered: count, reordered: count, unexpected: count }),
  /** Attempts, and events that were given up. */
  notAccepted: z.object({ refused: count, unanswered: count, givenUp: count }),
  /** From the end of the last fault until goodput was back; null: it was not, or nothing was to come back from. */
  recoveredMs: z.number().nullable(),
  durability: z.object({ queue: shownSurvival, ledger: shownSurvival }),
  /** Cores that other processes used, and the share that the host gave to other machines. null: the system does not say. */
  machine: z.object({ othersCores: z.number().nullable(), stolen: z.number().nullable() }),
})
/** One run of a stack, in a round. */
export type TurnFigures = z.infer<typeof turnSchema>
