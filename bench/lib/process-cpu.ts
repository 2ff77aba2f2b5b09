import { readFileSync } from 'node:fs'

/** Linux reports CPU time in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_S = 100
/** The positions of utime, stime, cutime and cstime of proc(5), counted from behind the command's name. */
const TIMES_FROM = 11
const TIMES_TO = 15

/** CPU seconds of a process and of its ended children; null when they cannot be read, as anywhere but on Linux. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields.slice(TIMES_FROM, TIMES_TO).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_S
  } catch {
    return null
  }
}
