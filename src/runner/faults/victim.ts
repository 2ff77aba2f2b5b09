import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { AnyFault } from './planned-fault.ts'

/** Undoes a fault. Where it gives a promise, the fault is over when that resolves. */
export type Undo = () => unknown

/**
 * What a link does. 'blackhole': connects, then swallows everything and resets nothing. 'drop-requests', 'drop-replies': half open,
 * bytes of one direction are swallowed. With 'drop-replies' the server does what was asked and nobody hears of it. 'refuse': no
 * new connections. Latency is added to each direction. Jitter is drawn evenly from 0 to `jitterMs`, and bytes stay in order.
 */
export type LinkMode =
  | 'pass'
  | 'blackhole'
  | 'drop-requests'
  | 'drop-replies'
  | 'refuse'
  | { readonly latencyMs: number; readonly jitterMs: number }

/** One thing that faults strike in a real run, and what can be done to it. */
export interface Victim {
  readonly name: string
  kill?(): Promise<unknown>
  /** Asks it to end by itself, and waits for that. */
  stop?(): Promise<unknown>
  start?(): Promise<unknown>
  pause?(): void
  resume?(): void
  /** Turns on a fault that acts inside the process: its kind's `inside` is called there. */
  inject?(fault: AnyFault): Undo
  /** Resolves when nothing more can be written. */
  fillDisk?(): Promise<Undo>
  readonly link?: {
    set(mode: LinkMode): Promise<void>
    /** Resets every open connection once. */
    cut(): void
  }
}

/** @throws FloodmarkError 'misuse' where this cannot be done to the victim. */
export function able<K extends Exclude<keyof Victim, 'name'>>(victim: Victim, what: K): NonNullable<Victim[K]> {
  const found = victim[what]
  if (found === undefined) throw new FloodmarkError('misuse', `${victim.name} cannot be struck so: it has no ${what}`)
  return found
}

export function undoAll(...undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo()
  }
}

/** For a fault that leaves nothing to undo. */
export const nothing: Undo = () => {}
