import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'

/** Keeps this process, and threads that it starts later, off the last of its cores. @throws FloodmarkError 'unavailable'. */
export function leaveCore(): void {
  const fewer = withoutLast(allowedCores())
  const { error, status, stderr } = spawnSync('taskset', ['-acp', fewer, String(process.pid)], { encoding: 'utf8' })
  if (!error && status === 0) return
  const why = error ? messageOf(error) : stderr.trim()
  throw new FloodmarkError('unavailable', `no core can be taken from a process here (${why}): install util-linux`)
}

function allowedCores(): string {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? ''
}

/** '0-2,5' without the 5, '0-2' without the 2. */
export function withoutLast(list: string): string {
  const parts = list.split(',')
  const [from, to] = parts.pop()!.split('-').map(Number)
  if (to === undefined || to === from) return parts.join(',')
  return [...parts, to - 1 === from ? String(from) : `${from}-${to - 1}`].join(',')
}
