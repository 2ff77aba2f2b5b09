import type { IncomingMessage, ServerResponse } from 'node:http'
import { claimedContent, claimOf, claimPath } from '../plan/event-content.ts'
import { eventId } from '../plan/identity.ts'
import type { StoreRecord } from '../records/facts.ts'
import type { Scenario } from '../scenario/scenario.ts'

const PREFIX = claimPath(0).slice(0, -1)

/** The provider's store of contents that its events only refer to. Every content follows from seed and number. */
export class ProviderStore {
  readonly #runId: string
  readonly #seed: number
  readonly #scenario: Pick<Scenario, 'claimCheck'>
  readonly #refused = new Set<number>()
  readonly #served = new Set<number>()
  #fetches = 0
  #bytes = 0

  constructor({
    runId,
    seed,
    scenario,
  }: {
    readonly runId: string
    readonly seed: number
    readonly scenario: Pick<Scenario, 'claimCheck'>
  }) {
    this.#runId = runId
    this.#seed = seed
    this.#scenario = scenario
  }

  get record(): StoreRecord {
    return {
      fetches: this.#fetches,
      unavailable: this.#refused.size,
      bytes: this.#bytes,
      served: this.#served.size,
    }
  }

  /** False: this request is not the store's. */
  answer({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
    if (!url.startsWith(PREFIX)) return false
    const seq = Number(url.slice(PREFIX.length))
    const claim = Number.isSafeInteger(seq) ? claimOf(this.#seed, seq, this.#scenario) : undefined
    this.#fetches++
    if (!claim) {
      response.writeHead(404).end()
    } else if (claim.unavailableOnce && !this.#refused.has(seq)) {
      this.#refused.add(seq)
      response.writeHead(503).end()
    } else {
      const content = claimedContent(eventId(this.#runId, seq), seq, claim.bytes)
      if (claim.altered) content[content.length - 1]! ^= 1
      this.#bytes += content.length
      response.writeHead(200, { 'content-length': content.length }).end(content, () => {
        if (!claim.altered) this.#served.add(seq)
      })
    }
    return true
  }
}
