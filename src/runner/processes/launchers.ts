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
  /** It began a session, as setsid and whatever makes daemons do: it was set apart on purpose. */
  leads(pid: number): boolean
}

/**
 * Calls once when a package manager that has started this process is gone, or one of the processes between them. npx puts a shell
 * above what it runs, pnpm a process of its own, and not all of them hand on a signal that ends them. A daemon
 * may outlive whoever started it: it never calls without a package manager, or in a session of its own.
 */
export function whenLauncherEnds(gone: () => void, table: ProcessTable = linuxProcesses): { dispose(): void } {
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

/** From the process up to the package manager, or the daemon it belongs to. What is above, a terminal or an init, may end. */
export function linksAbove(pid: number, table: ProcessTable): ParentLink[] {
  const links: ParentLink[] = []
  for (let below = pid; below > 1 && table.isMarked(below) && !table.leads(below); ) {
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
export const linuxProcesses: ProcessTable = {
  parentOf: (pid) => (pid === process.pid ? process.ppid : statOf(pid)?.parent),
  leads: (pid) => statOf(pid)?.session === pid,
  isMarked(pid) {
    if (pid === process.pid) return process.env[MARK] !== undefined
    const variables = read(pid, 'environ')?.split('\0') ?? []
    return variables.some((one) => one.startsWith(`${MARK}=`))
  },
}

/** `7 (name) S <parent> <group> <session> …`: the name is whatever it likes to be. */
function statOf(pid: number): { readonly parent: number; readonly session: number } | undefined {
  const stat = read(pid, 'stat')
  if (stat === undefined) return undefined
  const [, , parent, , session] = stat.slice(stat.lastIndexOf(')') + 1).split(' ')
  return { parent: Number(parent), session: Number(session) }
}

function read(pid: number, file: 'stat' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It is gone, or belongs to somebody else.
    return undefined
  }
}
