import { prefixOf } from '../redis/driver.ts'

/** Streams of one namespace. Never change this for a namespace that holds events: a key would move to another stream. */
const SHARDS = 16

export interface Keys {
  readonly bytes: string
  readonly consumers: string
  readonly probe: string
  /** The keys of each shard, from 0: its consumer's lease, and its events. */
  readonly shards: readonly { readonly lease: string; readonly stream: string }[]
}

export function keysOf(namespace: string): Keys {
  const prefix = prefixOf('streams', namespace)
  const shards = Array.from({ length: SHARDS }, (_, shard) => ({
    lease: `${prefix}:lease:${shard}`,
    stream: `${prefix}:events:${shard}`,
  }))
  return { bytes: `${prefix}:bytes`, consumers: `${prefix}:consumers`, probe: `${prefix}:probe`, shards }
}

/** The shard of an ordering key, from 0: FNV-1a over its UTF-16 units. The same in every process and version. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % SHARDS
}
