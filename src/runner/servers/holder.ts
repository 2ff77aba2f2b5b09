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

/** Signals the process and all that it forked, if it is still the same one. It must lead a process group. */
export function signal(holder: ProcessHolder, name: NodeJS.Signals): void {
  if (!isAlive(holder)) return
  try {
    process.kill(-holder.pid, name)
  } catch {
    // It ended in between.
  }
}

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
