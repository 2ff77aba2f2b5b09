import { markMsOf } from '../../src/core/base/mark-life.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'

/** A mark to be made. */
export interface Marking {
  readonly event: WebhookEvent
  readonly key: Buffer
  readonly digest: number | undefined
  readonly handled?: number | undefined
  readonly settledMs?: number | undefined
}

/** Ids that one transaction marks, by when their marks end. */
export class MarkedIds {
  readonly byEnd = new Map<number, Buffer[]>()
  readonly #nowMs: number
  readonly #ttlMs: number

  constructor(nowMs: number, ttlMs: number) {
    this.#nowMs = nowMs
    this.#ttlMs = ttlMs
  }

  /** Gives when the event's mark ends, in Unix ms. */
  add(event: WebhookEvent, key: Buffer): number {
    const endsMs = this.#nowMs + markMsOf(event, this.#ttlMs)
    const others = this.byEnd.get(endsMs)
    if (others) others.push(key)
    else this.byEnd.set(endsMs, [key])
    return endsMs
  }
}
