import type { Waiting } from '../../src/core/processing/lanes.ts'

export interface StreamItem extends Waiting {
  readonly id: string
  readonly bytes: number
  readonly shard: Shard
}

export interface Shard {
  readonly number: number
  readonly lease: string
  readonly stream: string
  /** 'leaving': nothing is read any more; it is given back once no handler has any of it. */
  state: 'free' | 'held' | 'leaving'
  /** Where taking over what was pending goes on; '' when only new events are to be read. */
  cursor: string
  /** The last event that any consumer was given: what is behind it is news. */
  lastId: string
  events: number
  bytes: number
  /** Judged, and still to be settled on the server. */
  acks: StreamItem[]
}
