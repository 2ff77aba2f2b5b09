import { readFileSync } from 'node:fs'

/** npm, pnpm, yarn and bun set it for whatever they start. */
const MARK = 'npm_config_user_agent'
const LOOK_MS = 500

/** A process, and its parent when it was looked at first. */
export type ParentLink = readonly [pid: number, parent: number]

/** What can be seen of the processes of this machine. */
export interface ProcessTable {
  /** Absent: it is gone, or this machine does not tell. */
  parentOf(pid: number): number | undefined
  /** A package manager has started it, or something that one has started. */
  isMarked(pid: number): boolean
}

/**
 * Calls once when a package manager that has started this process is gone, or one of the processes between them. npx puts a shell
 * above what it runs, pnpm a process of its own, and not all of them hand on a signal that ends them. Without a package manager
 * it never calls: a daemon may outlive whoever started it.
 */
export function whenLauncherEnds(gone: () => void, table: ProcessTable = LINUX): { dispose(): void } {
  const links = linksAbove(process.pid, table)
  if (links.length === 0) return { dispose: () => {} }
  const looking = setInterval(() => {
    if (holds(links, table)) return
    clearInterval(looking)
    gone()
  }, LOOK_MS)
  looking.unref()
  return { dispose: () => clearInterval(looking) }
}

/** From the process up to the package manager. What is above that, a terminal or an init, may end without us. */
export function linksAbove(pid: number, table: ProcessTable): ParentLink[] {
  const links: ParentLink[] = []
  for (let below = pid; below > 1 && table.isMarked(below); ) {
    const parent = table.parentOf(below)
    if (parent === undefined) break
    links.push([below, parent])
    below = parent
  }
  return links
}

/** A process whose parent ends is given another one. */
export function holds(links: readonly ParentLink[], table: ProcessTable): boolean {
  return links.every(([pid, parent]) => table.parentOf(pid) === parent)
}

/** Elsewhere only this process and its parent are known. */
const LINUX: ProcessTable = {
  parentOf(pid) {
    if (pid === process.pid) return process.ppid
    // "7 (name) S 1 …": the name is whatever it likes to be.
    const stat = read(pid, 'stat')
    return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2])
  },
  isMarked(pid) {
    if (pid === process.pid) return process.env[MARK] !== undefined
    return (
      read(pid, 'environ')
        ?.split('\0')
        .some((one) => one.startsWith(`${MARK}=`)) ?? false
    )
  },
}

function read(pid: number, file: 'stat' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It is gone, or belongs to somebody else.
    return undefined
  }
}
