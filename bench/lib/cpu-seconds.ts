import { readFileSync } from 'node:fs'

const TICKS_PER_S = 100

/** Reads the CPU time of another process, by Linux. Once it has ended, it has what was read last. */
export function cpuSecondsOf(pid: number): () => number {
  let seconds = 0
  return () => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /, '')
        .split(' ')
      seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
    } catch {
      // Counts are still read while a server stops.
    }
    return seconds
  }
}
