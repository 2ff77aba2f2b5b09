import type { SchemaIssue, SchemaIssues } from '../contracts/standard-schema.ts'

/** The longest account of what is wrong with a body, characters. */
export const DRIFT_CHARS_MAX = 160
const FIELDS_MAX = 3
/** What a field may be called to be named: a key that is data itself (an id, an address, a phone number) shows as `*`. */
const FIELD_NAME = /^(?!.*\d{4})[A-Za-z_$][\w$-]{0,39}$/
/** Words of a schema for what it wanted; all others might be made of the value. */
const WANTED = new Set(['string', 'number', 'boolean', 'null', 'object', 'array'])
/** What libraries say they wanted of a field that must not be there. */
const NOTHING = new Set(['never', 'removed'])

/**
 * What is wrong with a body, in the order of its fields: `data.amount is missing; lines[].tax is not in the schema`.
 * Names fields and kinds of JSON, never a value: dead letters' reasons are read, grouped and logged where bodies must not be.
 */
export function wrongFields(body: unknown, issues: SchemaIssues): string {
  const all = [...new Set(issues.flatMap((issue) => sentences(body, issue)))].sort()
  const more = all.length > FIELDS_MAX ? '; and more' : ''
  const text = all.slice(0, FIELDS_MAX).join('; ') + more
  return text.length > DRIFT_CHARS_MAX ? `${text.slice(0, DRIFT_CHARS_MAX - 1)}…` : text
}

/** Beside path and message, libraries tell more under names of their own: used where it is there and says nothing of the value. */
interface MoreOfIssue {
  readonly expected?: unknown
  readonly keys?: unknown
}

function sentences(body: unknown, issue: SchemaIssue): string[] {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  const { expected, keys } = issue as MoreOfIssue
  if (Array.isArray(keys) && keys.length > 0) return keys.map((key) => `${named([...path, key])} is not in the schema`)
  const field = named(path)
  const found = at(body, path)
  if (typeof expected === 'string' && NOTHING.has(expected)) return [`${field} is not in the schema`]
  if (found === undefined) return [`${field} is missing`]
  const kind = kindOf(found)
  const wanted = typeof expected === 'string' && WANTED.has(expected) && expected !== kind ? expected : undefined
  return [wanted ? `${field} is ${kind} where ${wanted} is wanted` : `${field} has a value that the schema refuses`]
}

/** Positions in a list are all alike: else every position would make a reason of its own. */
function named(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += '[]'
    else text += `${text && '.'}${typeof part === 'string' && FIELD_NAME.test(part) ? part : '*'}`
  }
  return text || 'the body'
}

function at(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}
