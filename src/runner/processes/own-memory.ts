import { openSync, readSync } from 'node:fs'

/** Held open: a process that has no descriptor left must still be able to say how much memory it has. */
const status = openedStatus()
const text = Buffer.alloc(4_096)

/**
 * Memory that this process holds for itself, bytes. File-mapped pages are left out where the system tells them apart (Linux): a
 * ledger's map grows with its file, and the kernel takes those pages back whenever it wants to.
 */
export function ownMemoryBytes(): number {
  if (status === undefined) return process.memoryUsage.rss()
  const read = text.toString('latin1', 0, readSync(status, text, 0, text.length, 0))
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(read)?.[1]
  return kibibytes === undefined ? process.memoryUsage.rss() : Number(kibibytes) * 1_024
}

/** undefined: there is no such file on this system. */
function openedStatus(): number | undefined {
  try {
    return openSync('/proc/self/status', 'r')
  } catch {
    return undefined
  }
}
