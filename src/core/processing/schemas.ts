import { parseContent, textAt } from '../base/json-body.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Effect, EffectResult, Tx } from '../contracts/ledger.ts'
import type { SchemaResult, StandardSchema } from '../contracts/standard-schema.ts'
import { wrongFields } from './drift-reason.ts'

/** What one source's events must look like. */
export interface SourceSchemas {
  /**
   * 'strict': a body that is not as its schema says, or that has no schema for its type or version, is a dead letter at once, with the
   * reason and whole; the effect gets what the schema made of the body. 'permissive': the effect takes place all the same, on
   * the body as it came, unknown fields included, and types and versions without a schema go to `unknown`.
   */
  readonly mode: 'strict' | 'permissive'
  /** Where an event says its version: a path of members, or a function. Not needed where no type has versions. */
  readonly version?: readonly string[] | ((body: unknown, event: WebhookEvent) => string | undefined)
  /** The schemas by event.type: one for all versions, or one for each. */
  readonly types: Readonly<Record<string, StandardSchema | Readonly<Record<string, StandardSchema>>>>
  /** Default: JSON; undefined where the body is not JSON. */
  readonly parse?: (event: WebhookEvent) => unknown
}

/** An event that is not what its schemas expect. `reason` names fields and kinds, never a value: fit for logs and dead letters. */
export interface Drift {
  /** 'rejected': strict, a dead letter. 'kept': permissive. 'unknown': permissive, no schema; or of an unknown source. */
  readonly outcome: 'rejected' | 'kept' | 'unknown'
  readonly reason: string
  readonly event: WebhookEvent
}

/** `drift` is there when `value` has not passed a schema; value is then the body as parsed. */
export type CheckedWork = (
  event: WebhookEvent,
  tx: Tx,
  value: unknown,
  drift?: Drift,
) => EffectResult | Promise<EffectResult>

export interface CheckedOptions {
  /** The schemas of each source, by event.source. */
  readonly sources: Readonly<Record<string, SourceSchemas>>
  readonly effect: CheckedWork
  /**
   * What happens to events of a permissive source for which there is no schema, and to those of unknown sources: store them
   * as they are, so that they can be worked on once somebody knows what they mean. Throw FloodmarkError 'rejected' for the dead letters; what only returns drops them.
   */
  readonly unknown: CheckedWork
  /** Told at every try. An error that it throws counts as the effect's failure. */
  readonly onDrift?: (drift: Drift) => void
}

/** Tries since the start; an event that is tried again is counted again. */
export interface CheckedCounts {
  valid: number
  rejected: number
  kept: number
  unknown: number
}

/** Different reasons of one process; beyond, fields are left out, so that a sender of random fields makes no list without end. */
export const DRIFT_REASONS_MAX = 500

/** How every reason begins that a schema has made. */
const SCHEMA_REASON = 'not as its schema says: '

/**
 * An effect that sees only events that a schema has looked at; parses each body once.
 * @throws FloodmarkError 'misuse' for anything but a Standard Schema v1.
 */
export function checked(options: CheckedOptions): Effect & { readonly counts: Readonly<CheckedCounts> } {
  const sources = new Map(Object.entries(options.sources).map(([name, source]) => [name, compile(name, source)]))
  const counts: CheckedCounts = { valid: 0, rejected: 0, kept: 0, unknown: 0 }
  const seen = new Set<string>()

  function tell(event: WebhookEvent, outcome: Drift['outcome'], reason: string): Drift {
    counts[outcome]++
    const drift = { event, outcome, reason }
    options.onDrift?.(drift)
    return drift
  }

  /** `about` is the registry's own text, so there are few of it. */
  function reasonOf(about: string, wrong: string): string {
    const reason = `${SCHEMA_REASON}${about}: ${wrong}`
    if (!seen.has(reason) && seen.size >= DRIFT_REASONS_MAX) return `${SCHEMA_REASON}${about}: many different fields`
    seen.add(reason)
    return reason
  }

  function judge(event: WebhookEvent, tx: Tx, body: unknown, known: Known, result: SchemaResult): ReturnType<Effect> {
    if (!result.issues) {
      counts.valid++
      return options.effect(event, tx, known.strict ? result.value : body)
    }
    const wrong = body === undefined ? 'the body cannot be read' : wrongFields(body, result.issues)
    const drift = tell(event, known.strict ? 'rejected' : 'kept', reasonOf(known.about, wrong))
    if (known.strict) throw new FloodmarkError('off-schema', drift.reason)
    return options.effect(event, tx, body, drift)
  }

  const effect: Effect = (event, tx) => {
    const source = sources.get(event.source)
    const body = source?.parse ? source.parse(event) : parseContent(event.body)
    const known = source?.find(event, body) ?? 'unknown source'
    if (typeof known === 'string') {
      if (!source?.strict) return options.unknown(event, tx, body, tell(event, 'unknown', known))
      throw new FloodmarkError('off-schema', tell(event, 'rejected', `${SCHEMA_REASON}${known}`).reason)
    }
    const result = known.validate(body)
    if (!(result instanceof Promise)) return judge(event, tx, body, known, result)
    return result.then((settled) => judge(event, tx, body, known, settled))
  }
  return Object.assign(effect, { counts })
}

interface Known {
  readonly strict: boolean
  /** Source, type and version, as registered. */
  readonly about: string
  validate(body: unknown): SchemaResult | Promise<SchemaResult>
}

function compile(source: string, { mode, version, types, parse }: SourceSchemas) {
  const wrong = (what: string) => new FloodmarkError('misuse', `the schemas of ${source}: ${what}`)
  // Another word would be taken for permissive, and let everything in.
  if (mode !== 'strict' && mode !== 'permissive') throw wrong(`mode is '${mode}': give 'strict' or 'permissive'`)
  if (typeof types !== 'object' || types === null) throw wrong('types is missing: give a schema for each type')
  const known = (schema: unknown, about: string): Known => {
    if (!isSchema(schema)) throw new FloodmarkError('misuse', `the schema of ${about} is no Standard Schema v1`)
    return { strict: mode === 'strict', about, validate: (body) => guarded(schema, about, body) }
  }
  const byType = new Map<string, Known | Map<string, Known>>()
  for (const [type, one] of Object.entries(types)) {
    const about = `${source} ${type}`
    if (one === undefined || one === null) throw wrong(`${type} has no schema: give it one`)
    if (isSchema(one)) byType.set(type, known(one, about))
    else {
      if (!version) throw new FloodmarkError('misuse', `${about} has versions: say where an event names its own`)
      byType.set(type, new Map(Object.entries(one).map(([name, schema]) => [name, known(schema, `${about} ${name}`)])))
    }
  }
  const read = typeof version === 'function' ? version : (body: unknown) => textAt(body, ...(version ?? []))
  return {
    parse,
    strict: mode === 'strict',
    /** The schema for an event, or why there is none: unknown names are the sender's text and are not repeated. */
    find(event: WebhookEvent, body: unknown): Known | string {
      const one = byType.get(event.type)
      if (!one) return `unknown type of ${source}`
      if (!(one instanceof Map)) return one
      return one.get(read(body, event) ?? '') ?? `unknown version of ${source} ${event.type}`
    },
  }
}

function isSchema(one: unknown): one is StandardSchema {
  const standard = (one as Partial<StandardSchema> | undefined)?.['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/** An error that a schema throws is a bug of its author and may quote the value. The event is tried again, and the reason is ours. */
function guarded(schema: StandardSchema, about: string, body: unknown): SchemaResult | Promise<SchemaResult> {
  const failed = (cause: unknown): never => {
    throw new FloodmarkError('misuse', `the schema of ${about} throws instead of answering: mend it`, { cause })
  }
  try {
    const result = schema['~standard'].validate(body)
    return result instanceof Promise ? result.catch(failed) : result
  } catch (cause) {
    return failed(cause)
  }
}
