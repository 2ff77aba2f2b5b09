import { createHash } from 'node:crypto'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import type { Effect, Effects, Ledger, Tx } from '../../core/contracts/ledger.ts'

/** An id that a run gave out: `<run>-<number>`, whatever a provider has put before it. Those of a warm-up begin with a letter beyond f. */
const OF_A_RUN = /([0-9a-f]{10})-\d{1,10}$/
/** Behind the id of an event that is for one of several effects. */
const EFFECT_NAME = /#[a-z0-9-]+$/
const LISTS = 'told/'
/** Of the body's SHA-256, in hex. */
const DIGEST_CHARS = 16
/** For events that no other effect is for: nothing is done, and that is told. */
const NOBODY = 'nobody-else'

/**
 * The same effects. For each event of a run they also write a line that tells of it, in the transaction that has its mark: what
 * `--effects` of a run reads. Of several effects the first that is for an event tells. Other events are not told.
 */
export function telling(effects: Effects): Effects {
  if (typeof effects === 'function') return behind(effects, () => true)
  const all = Object.entries(effects)
  const firstFor = (event: WebhookEvent) => all.find(([, { limits }]) => limits?.isFor?.(event) !== false)?.[1]
  const nobody: Effect = () => 'nothing'
  const limited = Object.assign(nobody, { limits: { isFor: (event: WebhookEvent) => !firstFor(event) } })
  return {
    ...Object.fromEntries(all.map(([name, effect]) => [name, behind(effect, (event) => firstFor(event) === effect)])),
    [NOBODY]: behind(limited, () => true),
  }
}

function behind(effect: Effect, tells: (event: WebhookEvent) => boolean): Effect {
  const either: Effect = (event, tx) => {
    const result = effect(event, tx)
    if (!tells(event)) return result
    if (!(result instanceof Promise)) {
      tell(event, tx)
      return result
    }
    return result.then((outcome) => {
      tell(event, tx)
      return outcome
    })
  }
  return effect.limits ? Object.assign(either, { limits: effect.limits }) : either
}

function tell(event: WebhookEvent, tx: Tx): void {
  const run = runOf(event)
  // A list for each key: events of one key are told in order, and keys do not wait for each other.
  if (run) tx.append(`${LISTS}${run}/${event.key}`, Buffer.from(lineOf(event, Date.now())))
}

/** Every line that tells of a run so far: what took effect, then what was given up. */
export async function* toldOf(ledger: Pick<Ledger, 'items' | 'buried'>, run: string): AsyncIterable<string> {
  for await (const [, line] of ledger.items(`${LISTS}${run}/`)) yield Buffer.from(line).toString()
  for await (const { event, atMs } of ledger.buried()) if (runOf(event) === run) yield `${lineOf(event, atMs)} dead`
}

function lineOf({ id, body }: WebhookEvent, atMs: number): string {
  const digest = createHash('sha256').update(body).digest('hex')
  return `${id.replace(EFFECT_NAME, '')} ${digest.slice(0, DIGEST_CHARS)} ${atMs}`
}

function runOf({ id }: WebhookEvent): string | undefined {
  return OF_A_RUN.exec(id.replace(EFFECT_NAME, ''))?.[1]
}
