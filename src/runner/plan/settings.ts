import { z } from 'zod'
import { SERVICE_DEFAULTS } from '../../core/service/service.ts'

const number = (least: number, most: number) => z.coerce.number().min(least).max(most)

export const settings = z.strictObject({
  scenario: z.string(),
  receiver: z.string().default('raw-http'),
  queue: z.string().default('embedded'),
  ledger: z.string().default('lmdb'),
  /** Base rate, events/s; unset: the scenario's own. */
  rate: number(1, 10_000_000).optional(),
  /** s; unset: the scenario's own. */
  duration: number(1, 86_400).optional(),
  /** File of one's own arrivals a second, in place of the scenario's shape. */
  shape: z.string().min(1).optional(),
  /** The peak of the scenario's shape, as a multiple of the base rate; unset: the scenario's own. */
  spike: number(1, 1_000).optional(),
  seed: number(0, 4_294_967_295).pipe(z.int()).default(1),
  quick: z.boolean().default(false),
  /** Receiver processes, and as many processor processes, where the queue is shared. */
  processes: number(1, 64).pipe(z.int()).default(1),
  /** Address of a server that is there already, for the queue and for the ledger; unset: the run finds or starts one. */
  queueUrl: z.string().min(1).optional(),
  ledgerUrl: z.string().min(1).optional(),
  /** When a server that the run starts forces its disk writes. */
  fsync: z.enum(['always', 'everysec']).default('always'),
  /** Sender processes. */
  senders: number(1, 64).pipe(z.int()).default(1),
  /** Requests that a receiver has in progress at once; beyond it, 503 and Retry-After at once. */
  inFlightMax: number(1, 1_000_000).pipe(z.int()).default(SERVICE_DEFAULTS.inFlightMax),
  /** How long a receiver waits for the queue before it answers 503, ms. */
  publishDeadline: number(1, 3_600_000).default(SERVICE_DEFAULTS.publishDeadlineMs),
  /** What the receivers publish to takes so many events a second, all of them together; unset: as many as it can. */
  capacity: number(1, 10_000_000).optional(),
  /** Pass mark for the response p99, ms; unset: the scenario's own. */
  p99: number(1, 3_600_000).optional(),
  /** Folder for the run's records and report; unset: one of its own in reports/. */
  out: z.string().min(1).optional(),
  /** Open connections of one sender at most; an event that would need one more counts as unsent. */
  connectionsMax: number(1, 20_000).pipe(z.int()).default(8_000),
})
export type Config = z.infer<typeof settings>
export type ConfigInput = Partial<z.input<typeof settings>>

/** For floodmark.config.ts: gives types and completion. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config
}
