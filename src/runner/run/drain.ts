import { readBuried, readEffects } from '../records/effects-file.ts'
import { readJournal } from '../records/journal.ts'
import { missing } from '../records/missing.ts'
import { buriedPath, effectsPath } from '../records/run-record.ts'
import type { Stack } from '../testbed/stack.ts'

const POLL_MS = 100
/** Between two looks into the ledger, ms: the shorter where a hint says that it may have everything. */
const LOOK_MS = { hinted: 300, unhinted: 3_000 }
/** Looking takes the stack's time: it rests at least this many times as long as the last look took. */
const REST_FACTOR = 10

/** Whoever ends a run early, as a CI system does, kills it some ten seconds later. */
const INTERRUPTED_MS = 3_000

export interface Drained {
  readonly drained: boolean
  readonly tookMs: number
}

/**
 * Waits until the ledger has everything that the journals say was accepted, and leaves its effects and dead letters in the
 * folder. What processes count and the queue's depth only hint when a look is worth while; they decide nothing.
 */
export async function drain(
  stack: Stack,
  folder: string,
  startAtMs: number,
  journals: readonly string[],
  drainMs: number,
  interrupt: AbortSignal,
): Promise<Drained> {
  const startedMs = performance.now()
  let nextLookMs = { hinted: 0, unhinted: startedMs + LOOK_MS.unhinted }
  let completeBefore = false
  for (;;) {
    const nowMs = performance.now()
    const over = nowMs - startedMs > (interrupt.aborted ? Math.min(INTERRUPTED_MS, drainMs) : drainMs)
    const hinted = isQuiet(stack)
    if (over || nowMs >= (hinted ? nextLookMs.hinted : nextLookMs.unhinted)) {
      await stack.export(folder, startAtMs)
      const complete =
        missing(journals.map(readJournal), readEffects(effectsPath(folder)), readBuried(buriedPath(folder))) === 0
      const tookMs = nowMs - startedMs
      // Without a hint it takes two: events whose sender never got an answer may be on their way beside the accepted ones.
      if (over || (complete && (hinted || completeBefore))) return { drained: complete, tookMs }
      completeBefore = complete
      const endedMs = performance.now()
      const restMs = REST_FACTOR * (endedMs - nowMs)
      const rest = (ms: number) => endedMs + Math.max(ms, restMs)
      nextLookMs = { hinted: rest(LOOK_MS.hinted), unhinted: rest(LOOK_MS.unhinted) }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** The last two samples of every processing process show no progress and no backlog. */
function isQuiet(stack: Stack): boolean {
  return stack.members
    .filter(({ role, down }) => role !== 'receiver' && !down)
    .every(({ samples }) => {
      const [before, last] = samples.slice(-2)
      return before && last && !last.backlog && before.applied + before.buried === last.applied + last.buried
    })
}
