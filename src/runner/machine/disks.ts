import { readdirSync } from 'node:fs'
import { readText } from './proc.ts'

const SECTOR_BYTES = 512
/** Made of others, or of memory: what they do is counted below, or is no disk's. */
const NO_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd)/

export interface DiskCounts {
  readonly writtenBytes: number
  /** What a sync becomes at the device; null: this kernel does not count them. */
  readonly flushes: number | null
}

/**
 * Lines of /proc/diskstats, of these devices together: major, minor, name, and from the 7th figure on sectors written; the 15th
 * counts flushes. A process's own figure in /proc would not do: it counts whole folios of the page cache for a small write.
 */
export function parseDisks(text: string, names: readonly string[]): DiskCounts | undefined {
  const lines = text.split('\n').map((line) => line.trim().split(/ +/).slice(2))
  const found = lines.filter(([name]) => names.includes(name!)).map((fields) => fields.slice(1).map(Number))
  if (found.length === 0) return undefined
  const sum = (at: number) => found.reduce((total, fields) => total + fields[at]!, 0)
  const flushes = found.every(({ length }) => length > 15) ? sum(15) : null
  return { writtenBytes: sum(6) * SECTOR_BYTES, flushes }
}

/** The counts of all disks of this machine since it started; undefined where the system does not say. */
export function diskCounts(): DiskCounts | undefined {
  try {
    const names = readdirSync('/sys/block').filter((name) => !NO_DISK.test(name))
    return parseDisks(readText('/proc/diskstats') ?? '', names)
  } catch {
    return undefined
  }
}
