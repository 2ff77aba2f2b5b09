import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process told apart from a later one that was given the same number. */
export interface ProcessHolder {
  readonly pid: number
  readonly started: string
}

/** The process that has this number now; undefined when there is none, or it has ended and only awaits its parent. */
export function holderOf(pid: number): ProcessHolder | undefined {
  const started = startOf(pid)
  return started === undefined ? undefined : { pid, started }
}

export function isAlive(holder: ProcessHolder): boolean {
  return startOf(holder.pid) === holder.started
}

/**
 * Signals the process and all that it forked, if it is still the same one. It must lead a process group. What it forked may lead
 * groups of their own, as the processes of PostgreSQL do.
 */
export function signal(holder: ProcessHolder, name: NodeJS.Signals): void {
  if (!isAlive(holder)) return
  const before = childrenOf(holder.pid)
  send(-holder.pid, name)
  // It may have forked until the signal came.
  for (const pid of new Set([...before, ...childrenOf(holder.pid)])) send(pid, name)
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in between.
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return numbersIn(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  } catch {
    if (process.platform === 'linux') return []
  }
  return numbersIn(spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout ?? '')
}

const numbersIn = (text: string) => (text.match(/\d+/g) ?? []).map(Number)

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')')).split(' ')
    return fields[1] === 'Z' ? undefined : fields[20]
  } catch {
    if (process.platform === 'linux') return undefined
  }
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const line = (stdout ?? '').trim()
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
}
