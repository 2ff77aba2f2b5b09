import { z } from 'zod'
import { BURIED_CAUSES, type DeadLetter } from '../contracts/ledger.ts'

/** A dead letter as one JSON object: what `export` writes a line of, and what a replay's journal holds. */
export const letterSchema = z.strictObject({
  id: z.string(),
  key: z.string(),
  source: z.string(),
  type: z.string(),
  receivedAtMs: z.number(),
  headers: z.record(z.string(), z.string()),
  /** The body's bytes in base64. */
  body: z.base64(),
  /** Absent in files of an earlier version. */
  cause: z.enum(BURIED_CAUSES).default('unknown'),
  reason: z.string(),
  failures: z.int(),
  /** When it was buried, ms since the Unix epoch. */
  atMs: z.number(),
})
export type LetterJson = z.infer<typeof letterSchema>

export function toJson({ event, cause, reason, failures, atMs }: DeadLetter): LetterJson {
  const { id, key, source, type, receivedAtMs, headers, body } = event
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64')
  return { id, key, source, type, receivedAtMs, headers, body: base64, cause, reason, failures, atMs }
}

export function fromJson({ cause, reason, failures, atMs, ...event }: LetterJson): DeadLetter {
  return { event: { ...event, body: Buffer.from(event.body, 'base64') }, cause, reason, failures, atMs }
}
