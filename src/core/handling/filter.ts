import { memberAt, parseContent } from '../base/json-body.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'

type FieldValue = string | number | boolean | null
/** What a field of the body has to be: this, one of these, or what the function says. */
export type FieldFilter = FieldValue | readonly FieldValue[] | ((value: unknown) => boolean)

/** Which events. What is left out does not matter; where several are given, all have to hold. */
export interface HandlerFilter {
  /** One or several sources; an asterisk stands for any characters: 'stripe', 'shop-*'. */
  readonly source?: string | readonly string[]
  /** The same of types: 'invoice.paid', 'invoice.*'. */
  readonly type?: string | readonly string[]
  /** Fields of a JSON body by their path: { 'data.object.livemode': true }. A body that is not JSON has none. */
  readonly body?: Readonly<Record<string, FieldFilter>>
}

/** Parsed once for all filters of an event. */
const parsed = new WeakMap<WebhookEvent, { readonly body: unknown }>()

/** Whether an event is meant. @throws what a function of the filter throws. */
export function eventFilter(filter: HandlerFilter): (event: WebhookEvent) => boolean {
  const [source, type] = [namesIn(filter.source, 'source'), namesIn(filter.type, 'type')]
  const fields = Object.entries(filter.body ?? {}).map(([path, wanted]) => [path.split('.'), wanted] as const)
  return (event) => {
    if (!source(event.source) || !type(event.type)) return false
    if (fields.length === 0) return true
    const body = bodyOf(event)
    return fields.every(([path, wanted]) => isWanted(memberAt(body, path), wanted))
  }
}

function bodyOf(event: WebhookEvent): unknown {
  let known = parsed.get(event)
  if (!known) {
    known = { body: parseContent(event.body) }
    parsed.set(event, known)
  }
  return known.body
}

function isWanted(value: unknown, wanted: FieldFilter): boolean {
  if (typeof wanted === 'function') return wanted(value)
  return Array.isArray(wanted) ? wanted.includes(value) : value === wanted
}

function namesIn(given: string | readonly string[] | undefined, what: string): (name: string) => boolean {
  if (given === undefined) return () => true
  const all = typeof given === 'string' ? [given] : given
  if (all.length === 0 || all.some((one) => one === '')) {
    throw new FloodmarkError('misuse', `a filter's ${what} is empty: name one, or leave it out for any`)
  }
  const exact = new Set(all.filter((one) => !one.includes('*')))
  const patterns = all.filter((one) => one.includes('*')).map(patternOf)
  return (name) => exact.has(name) || patterns.some((pattern) => pattern.test(name))
}

/** Each asterisk takes what it can, and so one that follows another adds nothing. */
function patternOf(text: string): RegExp {
  const parts = text.split(/\*+/).map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
