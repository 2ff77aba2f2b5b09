import { randomBytes } from 'node:crypto'
import { markMsOf } from '../../src/core/base/mark-life.ts'
import { covers, duplicateOf, isToRenew, type MarkTime } from '../../src/core/base/marks.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Claim } from '../../src/core/contracts/ledger.ts'
import type { Asking } from './ask.ts'

const BUSY: Claim = { state: 'busy' }
const SUSPECT: Claim = { state: 'suspect' }

export interface ClaimingOptions {
  /** null: the server's own time. */
  readonly now: () => number | null
  readonly time: MarkTime
  readonly ttlMs: number
}

/** Claims ids: one statement, and another one for what it could not claim. */
export class Claiming {
  readonly #asking: Asking
  readonly #options: ClaimingOptions

  constructor(asking: Asking, options: ClaimingOptions) {
    this.#asking = asking
    this.#options = options
  }

  async claim(events: readonly WebhookEvent[], leaseMs: number, suspectAt: number): Promise<readonly Claim[]> {
    const fences = new Map(events.map(({ id }) => [id, newFence()]))
    const firsts = firstOfEach(events)
    const received = firsts.map(({ receivedAtMs }) => receivedAtMs)
    const ids = firsts.map(({ id }) => id)
    const values = [
      ids,
      ids.map((id) => fences.get(id)),
      received,
      this.#options.now(),
      this.#options.time.steady(),
      leaseMs,
      suspectAt,
    ]
    const rows = await this.#asking.ask('claims', 'claim', values)
    const claims = new Map<string, Claim>()
    for (const { id, failures, failing_ms, lost } of rows) {
      const fence = fences.get(id as string)!
      const history = { failures: failures as number, failingForMs: (failing_ms as number) ?? 0 }
      claims.set(id as string, { state: 'new', fence, ...history, lostTries: lost as number })
    }
    const others = firsts.filter(({ id }) => !claims.has(id))
    if (others.length > 0) await this.#look(others, suspectAt, claims)
    return events.map((event, at) => {
      const claim = claims.get(event.id) ?? BUSY
      // Of several with one id the first is claimed.
      return claim.state === 'new' && events.findIndex(({ id }) => id === event.id) !== at ? BUSY : claim
    })
  }

  /** Why these were not claimed. What changed meanwhile counts as busy. */
  async #look(events: readonly WebhookEvent[], suspectAt: number, claims: Map<string, Claim>): Promise<void> {
    const rows = await this.#asking.ask('claims', 'look', [events.map(({ id }) => id), this.#options.now()])
    const known = new Map(rows.map((row) => [row.id as string, row]))
    const believed = this.#options.time.believed()
    const renewed: WebhookEvent[] = []
    for (const event of events) {
      const row = known.get(event.id)
      if (!row) continue
      const { kind, ends_ms: ends, now, digest, lost } = row as { kind: string } & Record<string, number>
      const settled = digest === null ? undefined : digest
      if (kind === 'd') claims.set(event.id, duplicateOf(settled, event))
      if (kind === 'm' && covers(ends!, believed, event)) {
        claims.set(event.id, duplicateOf(settled, event))
        if (isToRenew(ends!, now!, markMsOf(event, this.#options.ttlMs))) renewed.push(event)
      }
      const lostTries = lost! + (kind === 'c' && ends! <= now! ? 1 : 0)
      if ((kind === 'f' || (kind === 'c' && ends! <= now!)) && lostTries >= suspectAt) claims.set(event.id, SUSPECT)
    }
    if (renewed.length === 0) return
    const lives = renewed.map((event) => markMsOf(event, this.#options.ttlMs))
    const values = [renewed.map(({ id }) => id), lives, this.#options.now(), this.#options.time.steady()]
    await this.#asking.ask('settling', 'renew', values)
  }
}

/** So large that no two are alike, and a whole number in both languages. */
function newFence(): number {
  return randomBytes(6).readUIntBE(0, 6) + 1
}

function firstOfEach(events: readonly WebhookEvent[]): readonly WebhookEvent[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()]
}
