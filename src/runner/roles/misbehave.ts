import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Effect } from '../../core/ledger.ts'

/** What is wrong on purpose inside a process of the stack, as the runner's faults say. Nothing, most of the time. */
export interface Misbehaviour {
  /** Each effect takes so much longer. */
  effectMs: number
  /** Share of effects' tries that fail. */
  failShare: number
  /** The wall clock is off by this much. */
  clockOffsetMs: number
  /** Each fdatasync takes so much longer. */
  syncMs: number
}

const now: Misbehaviour = { effectMs: 0, failShare: 0, clockOffsetMs: 0, syncMs: 0 }

export function misbehave(change: Partial<Misbehaviour>): void {
  Object.assign(now, change)
}

/** Blocks the event loop. */
export function stall(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

export const jumpingClock: Clock = { ...systemClock, now: () => systemClock.now() + now.clockOffsetMs }

export function troubled(effect: Effect, random: () => number): Effect {
  const sleep = () => new Promise<void>((resolve) => setTimeout(resolve, now.effectMs))
  return (event, tx) => {
    if (now.failShare > 0 && random() < now.failShare) throw new Error('planned: what the effect depends on is down')
    if (now.effectMs === 0) return effect(event, tx)
    return sleep().then(() => effect(event, tx))
  }
}

/** To be called before anything that syncs is imported: Node's own fdatasync then waits as long as it is told. */
export function makeDiskSlowable(): void {
  const { fdatasync } = fs
  const slow = (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
    if (now.syncMs === 0) return fdatasync(file, done)
    setTimeout(() => fdatasync(file, done), now.syncMs)
  }
  fs.fdatasync = Object.assign(slow, { __promisify__: fdatasync.__promisify__ })
  syncBuiltinESMExports()
}
