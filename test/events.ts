import type { WebhookEvent } from '../src/core/contracts/event.ts'

/** An event for tests: what is not given is filled in. */
export function anEvent(id: string, over: Partial<WebhookEvent> = {}): WebhookEvent {
  const base = {
    id: `test:${id}`,
    key: 'k1',
    source: 'test',
    type: 'made',
    receivedAtMs: 1_700_000_000_000,
    headers: {},
  }
  return { ...base, body: Buffer.from(`{"id":"${id}"}`), ...over }
}
