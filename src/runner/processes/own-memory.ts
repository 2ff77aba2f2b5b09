import { readFileSync } from 'node:fs'

/**
 * Memory that this process holds for itself, bytes. File-mapped pages are left out where the system tells them apart (Linux): a
 * ledger's map grows with its file, and the kernel takes those pages back whenever it wants to.
 */
export function ownMemoryBytes(): number {
  try {
    const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    if (kibibytes !== undefined) return Number(kibibytes) * 1_024
  } catch {
    // No such file on this system.
  }
  return process.memoryUsage.rss()
}
