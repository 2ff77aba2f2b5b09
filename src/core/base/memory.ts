import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** V8's limit for the heap of this process, in bytes: `--max-old-space-size` and some for young objects. */
const HEAP_BYTES = getHeapStatistics().heap_size_limit
/** What this process may use altogether, in bytes. Buffers lie outside the heap. */
const MEMORY_BYTES = memoryBytes(totalmem(), process.constrainedMemory())

/** What this process may use altogether, in bytes. */
export function memoryBytesMax(): number {
  return MEMORY_BYTES
}

/** `constrained` is the container's limit: 0 where none is known, more than the machine has where there is none. */
export function memoryBytes(total: number, constrained: number): number {
  return constrained > 0 ? Math.min(total, constrained) : total
}

/** A share of the heap's limit, in bytes; at most `bytesMax`. */
export function shareOfHeap(share: number, bytesMax = Number.POSITIVE_INFINITY): number {
  return Math.floor(Math.min(share * HEAP_BYTES, bytesMax))
}

/** A share of all memory, in bytes; at most `bytesMax`. */
export function shareOfMemory(share: number, bytesMax: number): number {
  return Math.floor(Math.min(share * MEMORY_BYTES, bytesMax))
}
