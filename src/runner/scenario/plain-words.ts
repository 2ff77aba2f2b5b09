import type { z } from 'zod'
import { shownUrl } from '../../core/base/kit/address.ts'
import { didYouMean, nearest } from './nearest.ts'

/**
 * What is wrong with a value, in words that follow its name: "rate: must be a number, not 'abc'". For `error` of zod's
 * parse, so that scenarios, the config file and flags speak alike. A message that a schema brings itself goes before.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `is missing: it must be ${withArticle(issue.expected)}`
      return `must be ${withArticle(issue.expected)}, not ${quoted(issue.input)}`
    case 'invalid_value':
      return oneOf(issue.values.map(String), issue.input)
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty'
      return `must be ${issue.inclusive ? `${issue.minimum} or more` : `more than ${issue.minimum}`}, not ${quoted(issue.input)}`
    case 'too_big':
      return `must be ${issue.inclusive ? `${issue.maximum} or less` : `less than ${issue.maximum}`}, not ${quoted(issue.input)}`
    case 'unrecognized_keys':
      return unknownNames(issue.keys, namesIn(issue.inst))
    case 'invalid_union':
      return unionWords(issue)
    default:
      return undefined
  }
}

/** Every mistake by its field, in one line. */
export function mistakesOf({ issues }: { readonly issues: readonly z.core.$ZodIssue[] }): string {
  return issues
    .map(({ path, message }) => (path.length ? `${path.map(String).join('.')}: ${message}` : message))
    .join('; ')
}

/** A value as a person would write it, short. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') {
    // Beforehand: a part of an address is not known as one.
    const shown = shownUrl(value)
    return `'${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}'`
  }
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function oneOf(names: readonly string[], input: unknown): string {
  const wanted = names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(', ')}`
  if (input === undefined) return `is missing: it ${wanted}`
  const meant = typeof input === 'string' ? nearest(input, names) : undefined
  return `${wanted}, not ${quoted(input)}${meant === undefined ? '' : `: did you mean '${meant}'?`}`
}

function unknownNames(written: readonly string[], names: readonly string[]): string {
  return written.map((one) => `there is no field '${one}'${didYouMean(one, names)}`).join('; ')
}

/** The fields of an object's schema. */
function namesIn(schema: unknown): string[] {
  const { shape } = (schema as z.core.$ZodObject | undefined)?._zod.def ?? {}
  return Object.keys(shape ?? {})
}

function unionWords(issue: z.core.$ZodRawIssue): string {
  const { options, discriminator } = issue as { readonly options?: readonly unknown[]; readonly discriminator?: string }
  if (!options || discriminator === undefined) return `has the wrong form: ${quoted(issue.input)}`
  return oneOf(options.map(String), (issue.input as Record<string, unknown> | null)?.[discriminator])
}

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
  string: 'a text',
}

function withArticle(kind: string): string {
  return KINDS[kind] ?? `a ${kind}`
}
