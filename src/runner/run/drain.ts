import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { preciseNow } from '../processes/precise-now.ts'
import { readBuried, readEffects } from '../records/effects-file.ts'
import { readJournal } from '../records/journal.ts'
import { missing } from '../records/missing.ts'
import { buriedPath, effectsPath } from '../records/run-record.ts'
import type { Stack } from '../testbed/stack.ts'

const POLL_MS = 100
/** The wait between two looks into the ledger, ms. It is the shorter one where a hint says that the ledger may have everything. */
const LOOK_MS = { hinted: 300, unhinted: 3_000 }
/** A look is tried so many times: the server of a ledger may be slow to answer where the machine is busy. */
const TRIES_MAX = 5
/** Looking takes the stack's time: it rests at least this many times as long as the last look took. */
const REST_FACTOR = 10
/** Whoever ends a run early, as a CI system does, kills it some ten seconds later. */
const INTERRUPTED_MS = 3_000
/** A timer may fire so much too early. */
const TIMER_GRAIN_MS = 2

export interface Drained {
  readonly drained: boolean
  /** Effects and dead letters are known until then, ms since the start of the run. */
  readonly lookedUntilMs: number
}

export interface DrainOptions {
  readonly stack: Stack
  /** Effects and dead letters are left there. */
  readonly folder: string
  /** The run's start, by its clock. */
  readonly startAtMs: number
  readonly journals: readonly string[]
  /** The ledger has so long to get everything. */
  readonly drainMs: number
  /** And is looked at until so long after the last effect. */
  readonly lookMs: number
  readonly interrupt: AbortSignal
  /** It has everything, and is only looked at from now on. */
  onDrained(): void
}

/**
 * Waits until the ledger has everything that the journals say was accepted, and then until nothing that was delivered can come
 * again: what comes twice or too late must show. What processes count and the queue's depth only hint when a look is worth
 * while; they decide nothing.
 */
export async function drain(options: DrainOptions): Promise<Drained> {
  const { startAtMs, drainMs, interrupt } = options
  const startedMs = preciseNow()
  let nextLookMs = { hinted: 0, unhinted: startedMs + LOOK_MS.unhinted }
  let completeBefore = false
  for (;;) {
    const nowMs = preciseNow()
    const over = nowMs - startedMs > (interrupt.aborted ? Math.min(INTERRUPTED_MS, drainMs) : drainMs)
    const hinted = isQuiet(options.stack)
    if (over || nowMs >= (hinted ? nextLookMs.hinted : nextLookMs.unhinted)) {
      const complete = await isComplete(options)
      // Without a hint it takes two: events whose sender never got an answer may be on their way beside the accepted ones.
      if (complete && (hinted || completeBefore)) {
        options.onDrained()
        return lookOn(options, nowMs - startAtMs)
      }
      if (over) return { drained: complete, lookedUntilMs: nowMs - startAtMs }
      completeBefore = complete
      const endedMs = preciseNow()
      const restMs = REST_FACTOR * (endedMs - nowMs)
      const rest = (ms: number) => endedMs + Math.max(ms, restMs)
      nextLookMs = { hinted: rest(LOOK_MS.hinted), unhinted: rest(LOOK_MS.unhinted) }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Leaves what the ledger has in the folder. A look that fails may leave half of it, so another is made. @throws as the last look. */
async function look({ stack, folder, startAtMs, interrupt }: DrainOptions): Promise<void> {
  for (let made = 1; ; made++) {
    try {
      return await stack.export(folder, startAtMs)
    } catch (error) {
      if (made === TRIES_MAX || interrupt.aborted) throw error
      await sleep(systemClock, LOOK_MS.hinted, interrupt)
    }
  }
}

async function isComplete(options: DrainOptions): Promise<boolean> {
  const { folder, journals } = options
  await look(options)
  return missing(journals.map(readJournal), readEffects(effectsPath(folder)), readBuried(buriedPath(folder))) === 0
}

/** Each effect that comes meanwhile makes it wait again, for as long as draining may take at most. */
async function lookOn(options: DrainOptions, sinceStartMs: number): Promise<Drained> {
  const { folder, startAtMs, drainMs, lookMs, interrupt } = options
  let lookedUntilMs = sinceStartMs
  for (;;) {
    let lastMs = 0
    for (const { atMs } of readEffects(effectsPath(folder))) lastMs = Math.max(lastMs, atMs)
    const enough = lookedUntilMs - lastMs >= lookMs || lookedUntilMs - sinceStartMs > drainMs
    if (enough || interrupt.aborted) return { drained: true, lookedUntilMs }
    await sleep(systemClock, Math.max(0, startAtMs + lastMs + lookMs - preciseNow()) + TIMER_GRAIN_MS, interrupt)
    lookedUntilMs = preciseNow() - startAtMs
    await look(options)
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
