/** Puts an entry last. Where there are then more than `sizeMax`, the one goes that was put longest ago. */
export function putLatest<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value, sizeMax: number): void {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size > sizeMax) entries.delete(entries.keys().next().value!)
}
