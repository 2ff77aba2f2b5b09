import { decodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { fateOfBuried, fateOfMarked, fateOfWaiting } from '../../src/core/base/marks.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { EventFate } from '../../src/core/contracts/ledger.ts'
import { APPLIED, BURIED, decodeState, encodeState, FAILED, type State, u64, unpack, unseal } from './bytes.ts'
import { type LmdbEnvironment, put } from './environment.ts'
import type { LeftIds } from './held-ids.ts'

/** What is known of each id. All that writes runs inside a write transaction of the caller's, but for countLost. */
export class Ids {
  readonly #environment: Pick<LmdbEnvironment, 'root' | 'ids' | 'dead' | 'expiries'>

  constructor(environment: Pick<LmdbEnvironment, 'root' | 'ids' | 'dead' | 'expiries'>) {
    this.#environment = environment
  }

  stateOf(key: Buffer): State | undefined {
    const bytes = this.#environment.ids.getBinaryFast(key)
    return bytes && decodeState(unseal(key, bytes))
  }

  /** What became of an id. `lostTries`: those of this process, or that somebody holds it now. */
  fateOf(id: string, believedMs: number, lostTries: number | 'busy'): EventFate {
    if (lostTries === 'busy') return { state: 'in-hand' }
    const state = this.stateOf(Buffer.from(id))
    if (state?.kind === BURIED) {
      const position = u64(state.value)
      const letter = this.#environment.dead.get(position)
      return letter ? fateOfBuried(decodeDeadLetter(unseal(position, letter))) : { state: 'unknown' }
    }
    if (state?.kind === APPLIED && state.value > believedMs)
      return fateOfMarked(state.handled ?? 0, state.settledMs ?? 0)
    const failed = state?.kind === FAILED ? state : undefined
    return fateOfWaiting(failed?.value ?? 0, lostTries + (failed?.lostTries ?? 0))
  }

  set(key: Buffer, state: State): void {
    put(this.#environment.ids, key, encodeState(state))
  }

  /**
   * What a process that died had in hand is a lost try of each, but for what it had settled. On a full disk it goes uncounted:
   * dead letters must be readable even then.
   */
  countLost({ atMs, ids }: LeftIds): void {
    const keys = ids.map((id) => Buffer.from(id)).filter((key) => !isSettledSince(this.stateOf(key), atMs))
    if (keys.length === 0) return
    const count = (key: Buffer) => {
      const state = this.stateOf(key)
      const failed = state?.kind === FAILED ? state : undefined
      const lostTries = (failed?.lostTries ?? 0) + 1
      this.set(key, { kind: FAILED, value: failed?.value ?? 0, sinceMs: failed?.sinceMs, lostTries })
    }
    try {
      this.#environment.root.transactionSync(() => keys.forEach(count))
    } catch (error) {
      if (error instanceof FloodmarkError) throw error
    }
  }

  /** Removes some of the oldest groups of marks that have expired. The work is bounded. */
  sweep(beforeMs: number, groupsMax: number): void {
    const { expiries, ids } = this.#environment
    const end = u64(Math.max(0, beforeMs))
    for (const { key, value } of [...expiries.getRange({ end, limit: groupsMax })]) {
      for (const id of unpack(unseal(key, value))) {
        // The id may have been marked again since. Then a later group holds it.
        const state = this.stateOf(id)
        if (state?.kind === APPLIED && state.value <= beforeMs) ids.removeSync(id)
      }
      expiries.removeSync(key)
    }
  }
}

/** A mark from before ended before the claim. */
function isSettledSince(state: State | undefined, atMs: number): boolean {
  return state?.kind === BURIED || (state?.kind === APPLIED && state.value > atMs)
}
