const SEED = 0x9747b28c
const MIX = 0x5bd1e995

/** The Java client's murmur2, so that every producer of a topic puts a key into the same partition. A signed 32-bit number. */
export function murmur2(key: Uint8Array): number {
  let hash = SEED ^ key.length
  const whole = key.length & ~3
  for (let at = 0; at < whole; at += 4) {
    let word = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24)
    word = Math.imul(word, MIX)
    word = Math.imul(word ^ (word >>> 24), MIX)
    hash = Math.imul(hash, MIX) ^ word
  }
  const rest = key.length - whole
  if (rest > 0) {
    for (let at = rest - 1; at >= 0; at--) hash ^= key[whole + at]! << (8 * at)
    hash = Math.imul(hash, MIX)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}

/** As the Java client's default partitioner does it: the sign bit is masked, not negated. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}
