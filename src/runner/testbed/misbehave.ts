import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type Clock, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Effect } from '../../core/contracts/ledger.ts'
import type { Queue } from '../../core/contracts/queue.ts'
import { isPoisoned, type Poison } from '../plan/identity.ts'
import { throttle } from './throttle.ts'

/** The reason of the dead letters that the bug makes. */
const POISONED = 'planned: poisoned by a bug'

/** What is wrong on purpose inside a process of the stack, as the runner's faults say. Nothing, most of the time. */
export interface Misbehaviour {
  /** Each effect takes so much longer. */
  effectMs: number
  /** Share of effects' tries that fail. */
  failShare: number
  /** The events whose effect fails for good; null: none. */
  poison: Poison | null
  /** The wall clock is off by this much. */
  clockOffsetMs: number
  /** Each fdatasync takes so much longer. */
  syncMs: number
  /** What is published to takes so many events a second: as long as a fault lasts, and by the size that the run gave the stack. */
  throttlePerS: number
  capacityPerS: number
}

const now: Misbehaviour = {
  effectMs: 0,
  failShare: 0,
  poison: null,
  clockOffsetMs: 0,
  syncMs: 0,
  throttlePerS: Number.MAX_VALUE,
  capacityPerS: Number.MAX_VALUE,
}

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
    if (now.poison && isPoisoned(now.poison, event)) throw new FloodmarkError('rejected', POISONED)
    if (now.failShare > 0 && random() < now.failShare) throw new Error('planned: what the effect depends on is down')
    if (now.effectMs === 0) return effect(event, tx)
    return sleep().then(() => effect(event, tx))
  }
}

/** So many publishes make a second's capacity: larger ones would let requests wait for their batch rather than for their turn. */
const PUBLISHES_PER_S = 20

/** The queue as it is published to, no faster than it may be just now. */
export function throttled(queue: Queue, capacityPerS = Number.MAX_VALUE): Queue {
  misbehave({ capacityPerS })
  const { traits } = queue
  const publishEventsMax = Math.min(traits.publishEventsMax, Math.ceil(capacityPerS / PUBLISHES_PER_S))
  const admit = throttle(() => Math.min(now.throttlePerS, now.capacityPerS))
  return {
    traits: { ...traits, publishEventsMax },
    async publish(events, { deadlineMs }) {
      const leftMs = await admit(events.length, deadlineMs)
      return queue.publish(events, { deadlineMs: leftMs })
    },
    consume: (handle, options) => queue.consume(handle, options),
    depth: () => queue.depth(),
    close: () => queue.close(),
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
