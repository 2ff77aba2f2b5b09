import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { FIELDS, type Field } from '../../src/runner/report/audit/altered.ts'

/** For stacks with a planted bug that change what an event consists of: each event in one field, in turn by its number. */

const HOUR_MS = 3_600_000

export const CHANGES: Readonly<Record<Field, (event: WebhookEvent) => Partial<WebhookEvent>>> = {
  id: ({ id }) => ({ id: `x${id}` }),
  key: ({ key }) => ({ key: `${key}x` }),
  source: ({ source }) => ({ source: `${source}x` }),
  type: ({ type }) => ({ type: `${type}x` }),
  receivedAtMs: ({ receivedAtMs }) => ({ receivedAtMs: receivedAtMs - HOUR_MS }),
  headers: ({ headers }) => ({ headers: { ...headers, 'x-more': '1' } }),
  // Still the same JSON.
  body: ({ body }) => ({ body: Buffer.concat([body, Buffer.from(' ')]) }),
}

/** One event in so many is changed in each field; the others of the round are left as they are. */
const ROUND = 2 * FIELDS.length

/** By the number behind the last dash of its id. undefined: none; events of the warm-up have none. */
export function changedField(id: string): Field | undefined {
  if (/(^|:)[^:]*w[0-9a-f]{9}-\d+$/.test(id)) return undefined
  return FIELDS[Number(id.slice(id.lastIndexOf('-') + 1)) % ROUND]
}

export function changed(event: WebhookEvent): WebhookEvent {
  const field = changedField(event.id)
  return field === undefined ? event : { ...event, ...CHANGES[field](event) }
}
