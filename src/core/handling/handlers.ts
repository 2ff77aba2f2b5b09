import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Effect, EffectLimits, EffectResult, Tx } from '../contracts/ledger.ts'
import { eventFilter, type HandlerFilter } from './filter.ts'

/** What a handler is told beside the event. */
export interface HandlerContext {
  /** Aborts when the try has taken too long: nothing waits for it any more. */
  readonly signal: AbortSignal
  /** 1 for the first try of this handler at this event. */
  readonly attempt: number
  /** A line about this try. It names the handler, the event and the try. */
  readonly log: (message: string) => void
}

/**
 * One handler's work for one event. What it does by `tx` is done once; anything else may be done again, with `event.id` as the key
 * by which others can tell. `'nothing'` says that there was nothing to do, so that a provider that moved a field does not look
 * like success. What it throws is tried again; FloodmarkError 'rejected' is not.
 */
export type HandleEvent = (event: WebhookEvent, tx: Tx, context: HandlerContext) => EffectResult | Promise<EffectResult>

export interface HandlerDefinition {
  /** Which events it is for. Default: all. */
  readonly on?: HandlerFilter
  readonly handle: HandleEvent
  /** A try that takes longer has failed. Default, and at most: the service's effectMs. */
  readonly timeoutMs?: number
  /** So many tries at once, in each process. Default: as many as come. */
  readonly concurrencyMax?: number
}

export const HANDLER_OUTCOMES = ['done', 'nothing', 'failed', 'late'] as const
export type HandlerOutcome = (typeof HANDLER_OUTCOMES)[number]

/** What came of one try. Whether its writes were stored is told by the ledger. */
export interface HandlerTry {
  readonly handler: string
  readonly event: Pick<WebhookEvent, 'id' | 'source' | 'type' | 'key'>
  readonly attempt: number
  readonly outcome: HandlerOutcome
  /** Why it failed. */
  readonly error?: unknown
}

export interface HandlersOptions {
  /** Where lines of handlers go. Default: the standard error. */
  readonly log?: (line: string) => void
  /** Told of each try when it has ended. Must not throw. */
  readonly onTry?: (one: HandlerTry) => void
}

export type HandlerCounts = Record<HandlerOutcome, number>
const countsBy = new WeakMap<object, Record<string, HandlerCounts>>()

/**
 * Handlers by name, as `handlers` of the config or `effect` of a service. Each is claimed, tried, remembered and buried by itself; an
 * event that none is for counts as done. The name stands in the ledger: a handler that is renamed sees copies again.
 * @throws FloodmarkError 'misuse' where a definition is none.
 */
export function handlers(
  definitions: Readonly<Record<string, HandlerDefinition | HandleEvent>>,
  options: HandlersOptions = {},
): Readonly<Record<string, Effect>> {
  const counts: Record<string, HandlerCounts> = {}
  const effects = Object.entries(definitions).map(([name, given]) => {
    const definition = typeof given === 'function' ? { handle: given } : given
    counts[name] = { done: 0, nothing: 0, failed: 0, late: 0 }
    return [name, effectOf(name, definition, options, counts[name])] as const
  })
  const made = Object.fromEntries(effects)
  countsBy.set(made, counts)
  return made
}

/** What came of the tries of handlers that `handlers` made, in this process. */
export function outcomesOf(effects: object): Readonly<Record<string, Readonly<HandlerCounts>>> {
  return countsBy.get(effects) ?? {}
}

function effectOf(
  name: string,
  { on = {}, handle, timeoutMs, concurrencyMax }: HandlerDefinition,
  { log = toStandardError, onTry }: HandlersOptions,
  counts: HandlerCounts,
): Effect {
  if (typeof handle !== 'function') throw new FloodmarkError('misuse', `handler ${name}: handle must be a function`)
  checkCount(name, 'timeoutMs', timeoutMs)
  checkCount(name, 'concurrencyMax', concurrencyMax)
  const isMeant = eventFilter(on)
  const work = async (event: WebhookEvent, tx: Tx): Promise<EffectResult> => {
    const { attempt, signal } = tx
    const about = `handler ${name}, event ${event.id}, try ${attempt}`
    const end = (outcome: HandlerOutcome, failure?: { readonly error: unknown }) => {
      counts[outcome]++
      const { id, source, type, key } = event
      onTry?.({ handler: name, event: { id, source, type, key }, attempt, outcome, ...failure })
    }
    try {
      // A filter that fails is the handler's own failure: the event is not passed over because of it.
      if (!isMeant(event)) {
        end('nothing')
        return 'nothing'
      }
      const result = await handle(event, tx, { signal, attempt, log: (message) => log(`${about}: ${message}`) })
      if (!signal.aborted) end(result === 'nothing' ? 'nothing' : 'done')
      else end('late')
      return result
    } catch (error) {
      end(signal.aborted ? 'late' : 'failed', { error })
      throw error
    }
  }
  const limits: EffectLimits = {
    isFor: (event) => isMeantOrFails(isMeant, event),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(concurrencyMax !== undefined && { concurrencyMax }),
  }
  return Object.assign(work, { limits })
}

function isMeantOrFails(isMeant: (event: WebhookEvent) => boolean, event: WebhookEvent): boolean {
  try {
    return isMeant(event)
  } catch {
    return true
  }
}

function checkCount(name: string, what: string, count: number | undefined): void {
  if (count === undefined || (Number.isFinite(count) && count >= 1)) return
  throw new FloodmarkError('misuse', `handler ${name}: ${what} is ${messageOf(count)}, give 1 or more`)
}

function toStandardError(line: string): void {
  process.stderr.write(`${new Date().toISOString()} floodmark: ${line.replaceAll(/\s*[\r\n]+\s*/g, ' ')}\n`)
}
