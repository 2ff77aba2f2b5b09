import type { Waiting } from '../../src/core/processing/lanes.ts'

export interface StreamItem extends Waiting {
  readonly id: string
  readonly shard: Shard
}

export interface Shard {
  readonly number: number
  readonly lease: string
  readonly stream: string
  /** 'leaving': nothing more is read. The shard is given back once no handler has any of its events. */
  state: 'free' | 'held' | 'leaving'
  /** The cursor for taking over pending events; '' when only new events are to be read. */
  cursor: string
  /** The last event that any consumer was given. Events behind it are new. '' when it is not known. */
  lastId: string
  /** Events may be there that were not read. Else the server tells when one comes. */
  due: boolean
  events: number
  bytes: number
  /** Acked events that are not yet settled on the server. */
  acks: StreamItem[]
}
