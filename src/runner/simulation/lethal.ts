import type { WebhookEvent } from '../../core/contracts/event.ts'
import { drawFor, hash32 } from '../../core/contracts/random.ts'
import { type Expected, seqOf } from '../plan/identity.ts'
import type { Buried } from '../records/effects-file.ts'

/** Events whose effect ends its process each time: which ones follows from the seed alone. */
export class LethalEvents {
  readonly #seed: number
  readonly #share: number

  constructor(seed: number, share: number) {
    this.#seed = hash32(seed, 127)
    this.#share = share
  }

  has(seq: number): boolean {
    return drawFor(this.#seed, seq) < this.#share
  }

  /** Whether the effect of a delivered event ends the process that runs it. */
  strikes(runId: string, { id }: Pick<WebhookEvent, 'id'>): boolean {
    const seq = this.#share > 0 ? seqOf(runId, id) : undefined
    return seq !== undefined && this.has(seq)
  }

  /** How many were given up for ending their process, and do not. */
  blamed(buried: readonly Pick<Buried, 'seq' | 'cause'>[]): number {
    return buried.filter(({ seq, cause }) => cause === 'process-died' && (seq === undefined || !this.has(seq))).length
  }

  /** Such an event must end as a dead letter, whatever else was planned. */
  expected(seq: number, planned: Expected): Expected {
    return this.has(seq) ? 'buried' : planned
  }
}
