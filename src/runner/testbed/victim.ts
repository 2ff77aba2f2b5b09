import type { Misbehaviour } from './misbehave.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export type Undo = () => unknown

/** Anything that faults strike, and what can be done to it. */
export interface Victim {
  readonly name: string
  kill?(): Promise<unknown>
  /** Asks it to end by itself, and waits for that. */
  stop?(): Promise<unknown>
  start?(): Promise<unknown>
  pause?(): void
  resume?(): void
  misbehave?(how: Partial<Misbehaviour> & { readonly stallMs?: number }): void
  fillDisk?(): Promise<Undo>
  readonly link?: Pick<TcpProxy, 'set' | 'cut'>
}
