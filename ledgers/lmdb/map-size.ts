import { readFileSync, statSync } from 'node:fs'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

const MiB = 1024 ** 2
/** The memory map gets so many bytes of address space. They are neither memory nor disk. */
const MAP_BYTES_MAX = 64 * 1024 * MiB
/** The map's share of the address space that is free at the start. */
const SHARE = 4
const MAP_BYTES_MIN = 32 * MiB

/**
 * The largest map that this process can have: LMDB ends the process where there is no room for the map. A limit of address
 * space (ulimit -v) must also do for the process's later needs. So the map gets a quarter of the free space.
 * @throws FloodmarkError 'unavailable' when that is too little.
 */
export function mapBytesFor(path: string): number {
  const limit = numberIn('/proc/self/limits', /^Max address space +(\d+)/m)
  if (limit === undefined) return MAP_BYTES_MAX
  const usedKiB = numberIn('/proc/self/status', /^VmSize:\s+(\d+)/m) ?? 0
  const free = Math.max(0, Math.floor((limit - usedKiB * 1024) / SHARE / MiB) * MiB)
  const needed = Math.max(MAP_BYTES_MIN, 2 * (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
  if (free >= needed) return Math.min(MAP_BYTES_MAX, free)
  const has = `the process may have ${inMiB(limit)} of address space (ulimit -v), and the ledger may use ${inMiB(free)} of it`
  const wants = inMiB(limit + SHARE * (needed - free))
  throw new FloodmarkError('unavailable', `${has}. The ledger needs ${inMiB(needed)}: raise the limit to ${wants}`)
}

/** Whether the map would be larger without a limit. LMDB lets it grow, and ends the process where it cannot. */
export function isLimited(mapBytes: number): boolean {
  return mapBytes < MAP_BYTES_MAX
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  try {
    const found = pattern.exec(readFileSync(path, 'utf8'))
    return found ? Number(found[1]) : undefined
  } catch {
    return undefined
  }
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / MiB)} MiB`
}
