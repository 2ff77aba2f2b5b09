import { z } from 'zod'
import type { Quantity, Value } from '../../core/base/words.ts'

const count = z.number().int().nonnegative()
const quantity = z.object({
  value: z.number(),
  unit: z.enum(['count', 'share', 'ms', 'bytes']),
  /** Ends of the 95% confidence interval, where there is one. */
  low: z.number().optional(),
  high: z.number().optional(),
})
const value = z.union([quantity, z.object({ count, of: count }), z.literal('too-few-episodes')])

export const checkSchema = z.object({
  /** Stays the same whatever the words for it are. */
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  /** Whose failure it is. A generator that failed makes the run INVALID. */
  about: z.enum(['stack', 'generator']),
  /** harm: only the stack can have done it, so it decides before a failure of the generator does. */
  severity: z.enum(['harm', 'limit']),
  /** null where it could not be decided. */
  ok: z.boolean().nullable(),
  /** It passed, but a person should look at it. */
  warning: z.literal(true).optional(),
  /** `measured`, the limit (`atMost`, `atLeast`, `fewerThan` or `exactly`), and what else it was decided by. */
  values: z.record(z.string(), value),
})

export type Check<Id extends string = string> = z.infer<typeof checkSchema> & { readonly id: Id }
export type CheckValues = Check['values']

/** How a person is told of a check. */
export interface CheckWords {
  readonly title: string
  /** Default: the value `measured`, and the limit. */
  measured?(values: CheckValues): string
  wanted?(values: CheckValues): string
  /** What to do when it failed. Every check of the generator has one. */
  readonly remedy?: string
  /** Passed, it goes without saying: the terminal leaves it out then. */
  readonly quiet?: true
}

/** A check of the stack. */
export function check<const Id extends string>(
  id: Id,
  ok: boolean | null,
  values: Readonly<Record<string, Value>>,
  severity: Check['severity'] = 'limit',
): Check<Id> {
  return { id, about: 'stack', severity, ok, values }
}

/** A check of the generator, without which the numbers say nothing about the stack. */
export function generatorCheck<const Id extends string>(
  id: Id,
  ok: boolean | null,
  values: Readonly<Record<string, Value>>,
): Check<Id> {
  return { id, about: 'generator', severity: 'limit', ok, values }
}

/** There must be none of it. */
export function none<const Id extends string>(id: Id, found: number, severity?: Check['severity']): Check<Id> {
  return check(id, found === 0, { measured: counted(found), exactly: counted(0) }, severity)
}

export const counted = (value: number): Quantity => ({ value, unit: 'count' })
export const inMs = (value: number): Quantity => ({ value, unit: 'ms' })
export const inBytes = (value: number): Quantity => ({ value, unit: 'bytes' })
export const share = (value: number): Quantity => ({ value, unit: 'share' })

/** A percentile with its interval. */
export function quantile(of: { ms: number; lowMs: number; highMs: number } | undefined): Value {
  return of ? { value: of.ms, unit: 'ms', low: of.lowMs, high: of.highMs } : 'too-few-episodes'
}
